# SPDX-License-Identifier: Apache-2.0
"""The official OpenAI client in the loop that everybody writes. Arguments: the base URL, and names for x-case.

Prints a line for each name: the name and the text, or what went wrong.
"""

import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=20)
for name in sys.argv[2:]:
    text = ""
    try:
        stream = client.chat.completions.create(
            model="m",
            messages=[{"role": "user", "content": "What is 2+2?"}],
            stream=True,
            extra_headers={"x-case": name, "x-auth-request-user": name},
        )
        for chunk in stream:
            text += chunk.choices[0].delta.content or ""
    except Exception as e:
        text = f"{type(e).__name__}: {e}"
    print(f"{name}={text}", flush=True)

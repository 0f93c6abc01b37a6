// SPDX-License-Identifier: Apache-2.0

// A backend that reads requests as servers in Go do: encoding/json ignores the case of keys, merges what is given
// twice, and takes null for nothing at all; the type of the body is not looked at; a body may be compressed, as llama.cpp takes it. Paths are cleaned and
// their case ignored, as lenient routers do.
//
// Answers are the same for the same request, byte for byte. A stream of the OpenAI API states its usage only when it was
// asked to. What was generated is noted under the header x-attack of the request, and told on a second port.
package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
)

var words = []string{"It", " is", " four", ",", " of", " course", " .", " Bye"}

var (
	mutex  sync.Mutex
	ledger = map[string]*[3]int{}
)

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type asked struct {
	Model         string          `json:"model"`
	Messages      json.RawMessage `json:"messages"`
	Prompt        json.RawMessage `json:"prompt"`
	Input         json.RawMessage `json:"input"`
	Stream        bool            `json:"stream"`
	StreamOptions *streamOptions  `json:"stream_options"`
	MaxTokens     int             `json:"max_tokens"`
	N             int             `json:"n"`
}

type object = map[string]any

func note(r *http.Request, prompt, completion int) {
	mutex.Lock()
	defer mutex.Unlock()
	name := r.Header.Get("x-attack")
	if ledger[name] == nil {
		ledger[name] = &[3]int{}
	}
	for i, more := range []int{1, prompt, completion} {
		ledger[name][i] += more
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	text, _ := json.Marshal(body)
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	w.Write(text)
}

func event(w io.Writer, name string, data any) {
	text, _ := json.Marshal(data)
	if name != "" {
		fmt.Fprintf(w, "event: %s\n", name)
	}
	fmt.Fprintf(w, "data: %s\n\n", text)
}

func body(r *http.Request) ([]byte, error) {
	all, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.TrimSpace(r.Header.Get("content-encoding"))) {
	case "gzip", "x-gzip":
		if in, err := gzip.NewReader(bytes.NewReader(all)); err == nil {
			return io.ReadAll(in)
		}
	case "deflate":
		if in, err := zlib.NewReader(bytes.NewReader(all)); err == nil {
			return io.ReadAll(in)
		}
	}
	return all, nil
}

func usage(prompt, completion int) object {
	return object{"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
}

func (a asked) words() []string {
	if a.MaxTokens > 0 && a.MaxTokens < len(words) {
		return words[:a.MaxTokens]
	}
	return words
}

// generated answers chats and completions.
func (a asked) generated(w http.ResponseWriter, r *http.Request, prompt int, kind string) {
	parts := a.words()
	choices := max(1, min(a.N, 8))
	completion := len(parts) * choices
	note(r, prompt, completion)
	choice := func(index int, text, member string, end any) object {
		if kind == "text_completion" {
			return object{"index": index, "text": text, "finish_reason": end}
		}
		return object{"index": index, member: object{"role": "assistant", "content": text}, "finish_reason": end}
	}
	head := func(object string, choices []object) map[string]any {
		return map[string]any{
			"id": "cmpl-1", "object": object, "created": 1700000000, "model": a.Model, "choices": choices,
		}
	}
	if !a.Stream {
		all := []object{}
		for i := 0; i < choices; i++ {
			all = append(all, choice(i, strings.Join(parts, ""), "message", "stop"))
		}
		whole := head(kind, all)
		whole["usage"] = usage(prompt, completion)
		answer(w, 200, whole)
		return
	}
	if kind == "chat.completion" {
		kind = "chat.completion.chunk"
	}
	w.Header().Set("content-type", "text/event-stream")
	for _, part := range parts {
		for i := 0; i < choices; i++ {
			event(w, "", head(kind, []object{choice(i, part, "delta", nil)}))
		}
		w.(http.Flusher).Flush()
	}
	if a.StreamOptions != nil && a.StreamOptions.IncludeUsage {
		last := head(kind, []object{})
		last["usage"] = usage(prompt, completion)
		event(w, "", last)
	}
	io.WriteString(w, "data: [DONE]\n\n")
}

func (a asked) responses(w http.ResponseWriter, r *http.Request, prompt int) {
	parts := a.words()
	note(r, prompt, len(parts))
	whole := object{
		"id": "resp_1", "object": "response", "status": "completed", "model": a.Model, "output": []object{},
		"usage": object{"input_tokens": prompt, "output_tokens": len(parts), "total_tokens": prompt + len(parts)},
	}
	if !a.Stream {
		answer(w, 200, whole)
		return
	}
	w.Header().Set("content-type", "text/event-stream")
	for _, part := range parts {
		event(w, "response.output_text.delta", object{"type": "response.output_text.delta", "delta": part})
	}
	event(w, "response.completed", object{"type": "response.completed", "response": whole})
}

func (a asked) messages(w http.ResponseWriter, r *http.Request, prompt int) {
	parts := a.words()
	note(r, prompt, len(parts))
	message := object{"id": "msg_1", "type": "message", "role": "assistant", "model": a.Model}
	if !a.Stream {
		message["content"] = []object{{"type": "text", "text": strings.Join(parts, "")}}
		message["usage"] = object{"input_tokens": prompt, "output_tokens": len(parts)}
		answer(w, 200, message)
		return
	}
	w.Header().Set("content-type", "text/event-stream")
	message["usage"] = object{"input_tokens": prompt, "output_tokens": 0}
	event(w, "message_start", object{"type": "message_start", "message": message})
	for _, part := range parts {
		delta := object{"type": "text_delta", "text": part}
		event(w, "content_block_delta", object{"type": "content_block_delta", "index": 0, "delta": delta})
	}
	event(w, "message_delta", object{
		"type": "message_delta", "delta": object{"stop_reason": "end_turn"}, "usage": object{"output_tokens": len(parts)},
	})
	event(w, "message_stop", object{"type": "message_stop"})
}

// ollama answers Ollama's own API, which streams lines of JSON unless it was asked not to.
func (a asked) ollama(w http.ResponseWriter, r *http.Request, text []byte, prompt int, generate bool) {
	streamed := struct {
		Stream *bool `json:"stream"`
	}{}
	json.NewDecoder(bytes.NewReader(text)).Decode(&streamed)
	parts := a.words()
	note(r, prompt, len(parts))
	line := func(text string) object {
		if generate {
			return object{"model": a.Model, "response": text, "done": false}
		}
		return object{"model": a.Model, "message": object{"role": "assistant", "content": text}, "done": false}
	}
	finish := func(last object) object {
		last["done"] = true
		last["prompt_eval_count"] = prompt
		last["eval_count"] = len(parts)
		return last
	}
	if streamed.Stream != nil && !*streamed.Stream {
		answer(w, 200, finish(line(strings.Join(parts, ""))))
		return
	}
	w.Header().Set("content-type", "application/x-ndjson")
	out := json.NewEncoder(w)
	for _, part := range parts {
		out.Encode(line(part))
		w.(http.Flusher).Flush()
	}
	out.Encode(finish(line("")))
}

func serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != "POST" {
		http.NotFound(w, r)
		return
	}
	text, err := body(r)
	if err != nil {
		answer(w, 400, object{"error": err.Error()})
		return
	}
	var a asked
	// As gin's ShouldBindJSON: what follows the first value is not looked at.
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&a); err != nil {
		answer(w, 400, object{"error": err.Error()})
		return
	}
	prompt := max(1, (len(a.Messages)+len(a.Prompt)+len(a.Input))/4)
	switch strings.ToLower(path.Clean(r.URL.Path)) {
	case "/v1/chat/completions", "/chat/completions":
		a.generated(w, r, prompt, "chat.completion")
	case "/v1/completions", "/completions":
		a.generated(w, r, prompt, "text_completion")
	case "/v1/responses":
		a.responses(w, r, prompt)
	case "/v1/messages":
		a.messages(w, r, prompt)
	case "/v1/embeddings", "/embeddings":
		note(r, prompt, 0)
		data := []object{{"object": "embedding", "index": 0, "embedding": []float64{0.25, 0.5}}}
		answer(w, 200, object{"object": "list", "model": a.Model, "data": data,
			"usage": object{"prompt_tokens": prompt, "total_tokens": prompt}})
	case "/api/chat":
		a.ollama(w, r, text, prompt, false)
	case "/api/generate":
		a.ollama(w, r, text, prompt, true)
	case "/api/embed":
		note(r, prompt, 0)
		answer(w, 200, object{"model": a.Model, "embeddings": [][]float64{{0.25, 0.5}}, "prompt_eval_count": prompt})
	default:
		answer(w, 404, object{"error": "not found"})
	}
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	return listener
}

func main() {
	front, side := listen(), listen()
	go http.Serve(side, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		answer(w, 200, ledger)
	}))
	fmt.Printf("READY %d %d\n", front.Addr().(*net.TCPAddr).Port, side.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(front, http.HandlerFunc(serve)))
}

// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.journal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.semanticrouter.maas.journal.JournalCheckpoint;
import io.semanticrouter.maas.journal.JournalLine;
import io.semanticrouter.maas.journal.JournalReader;
import io.semanticrouter.maas.record.Cost;
import io.semanticrouter.maas.record.TokenPart;
import io.semanticrouter.maas.record.TokenUsage;
import io.semanticrouter.maas.record.UsageLine;
import io.semanticrouter.maas.record.UsageRecord;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Prints the records of a journal as the events that others read, one object a line. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description = {
      "Prints the records of a journal as events that others read, one JSON object a line.",
      "Exit status: 0, 1 when it cannot run, 4 when something of the journal cannot be read."
    })
public final class ExportCommand extends JournalCommand {
  /** Whose events they are. */
  enum Profile {
    /** A flat object for each line; one with a higher revision replaces what has the same id. */
    PLAIN,
    /**
     * CloudEvents of the type {@code prompt}, one each for input and output: OpenMeter's example.
     */
    OPENMETER,
    /**
     * CloudEvents of the type {@code inference.tokens.used}, as the metering of MaaS reads them.
     */
    OSAC
  }

  /** What that metering reads beside the user. */
  private static final List<String> OSAC_ATTRIBUTES =
      List.of("subscription", "organization_id", "cost_center", "group", "provider");

  @Option(
      names = "--profile",
      paramLabel = "NAME",
      converter = ProfileName.class,
      description = "plain (default), openmeter or osac.")
  private Profile profile = Profile.PLAIN;

  @Option(
      names = "--checkpoint",
      paramLabel = "FILE",
      description =
          "Goes on after the line whose number is in this file, and writes that of the last line"
              + " into it when all is printed. For one journal, which removes nothing that comes"
              + " after it when the file is in its directory and ends in .checkpoint.")
  private @Nullable Path checkpoint;

  private final JsonFactory json = new JsonFactory();
  private long last;
  private long withoutEvent;

  @Override
  void read(Path directory) throws IOException {
    if (checkpoint == null) {
      super.read(directory);
    } else if (isOne()) {
      last = JournalReader.readAfter(directory, JournalCheckpoint.read(checkpoint), this);
    } else {
      throw new IOException("a checkpoint belongs to one journal");
    }
  }

  @Override
  boolean end(PrintWriter out) throws IOException {
    out.flush();
    if (out.checkError()) {
      throw new IOException("not all could be printed");
    }
    if (checkpoint != null) {
      JournalCheckpoint.write(checkpoint, last);
    }
    if (withoutEvent > 0) {
      err().println("export: " + withoutEvent + " records have no event: no usage, or no user");
    }
    return true;
  }

  @Override
  public boolean takes(JournalLine.Kind kind) {
    return kind == JournalLine.Kind.USAGE;
  }

  @Override
  public void line(JournalLine line) {
    try {
      if (profile == Profile.PLAIN) {
        print(to -> plain(to, line));
        return;
      }
      // Sums downstream stay right: what is replaced is taken off by events of its own.
      String id = line.record().id() + (line.revision() > 1 ? "." + line.revision() : "");
      UsageRecord replaced = line.replaced();
      if (replaced != null) {
        events(line, replaced, id + ".off", -1);
      }
      if (!events(line, line.record(), id, 1)) {
        withoutEvent++;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** False when there are none. */
  private boolean events(JournalLine line, UsageRecord record, String id, int sign)
      throws IOException {
    TokenUsage usage = record.measurement().usage();
    if (usage == null || record.identity().user().isEmpty()) {
      return false;
    }
    List<UsageLine> models = new ArrayList<>();
    models.add(new UsageLine(record.model(), usage));
    models.addAll(record.measurement().otherLines());
    for (int i = 0; i < models.size(); i++) {
      UsageLine model = models.get(i);
      String named = i == 0 ? id : id + ".model" + i;
      if (profile == Profile.OSAC) {
        print(to -> osac(to, line, record, named, model, sign));
      } else {
        print(to -> openMeter(to, line, record, named, "input", model, sign));
        print(to -> openMeter(to, line, record, named, "output", model, sign));
      }
    }
    return true;
  }

  private interface Content {
    void write(JsonGenerator to) throws IOException;
  }

  private void print(Content content) throws IOException {
    JsonGenerator to = json.createGenerator(out()).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    to.disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
    to.writeStartObject();
    content.write(to);
    to.writeEndObject();
    to.close();
    out().print('\n');
  }

  private static void plain(JsonGenerator to, JournalLine line) throws IOException {
    UsageRecord record = line.record();
    to.writeStringField("id", record.id());
    to.writeNumberField("revision", line.revision());
    to.writeStringField("time", Key.end(record).toString());
    to.writeNumberField("duration_ms", record.duration().toMillis());
    optional(to, "request_id", record.requestId());
    identity(to, record);
    to.writeStringField("operation", record.operation().label());
    to.writeStringField("model", record.model());
    to.writeNumberField("http_status", record.httpStatus());
    to.writeStringField("outcome", record.outcome().label());
    TokenUsage usage = record.measurement().usage();
    if (usage != null) {
      count(to, "prompt_tokens", usage.prompt());
      count(to, "completion_tokens", usage.completion());
      for (TokenPart part : TokenPart.values()) {
        count(to, part.label() + "_tokens", usage.part(part));
      }
    }
    amount(to, "cost", record.cost());
    amount(to, "charge", record.charge());
  }

  private static void identity(JsonGenerator to, UsageRecord record) throws IOException {
    optional(to, "user", record.identity().user());
    optional(to, "tier", record.identity().tier());
    if (!record.identity().attributes().isEmpty()) {
      to.writeObjectFieldStart("attributes");
      for (Map.Entry<String, String> attribute : record.identity().attributes().entrySet()) {
        to.writeStringField(attribute.getKey(), attribute.getValue());
      }
      to.writeEndObject();
    }
  }

  private static void envelope(
      JsonGenerator to, JournalLine line, UsageRecord record, String id, String type)
      throws IOException {
    to.writeStringField("specversion", "1.0");
    to.writeStringField("id", id);
    to.writeStringField("source", "/maas/" + line.writer());
    to.writeStringField("type", type);
    to.writeStringField("subject", record.identity().user());
    to.writeStringField("time", Key.end(record).toString());
    to.writeStringField("datacontenttype", "application/json");
  }

  private static void openMeter(
      JsonGenerator to,
      JournalLine line,
      UsageRecord record,
      String id,
      String direction,
      UsageLine model,
      int sign)
      throws IOException {
    boolean input = direction.equals("input");
    long tokens = input ? model.usage().prompt() : model.usage().completion();
    envelope(to, line, record, id + "." + direction, "prompt");
    to.writeObjectFieldStart("data");
    to.writeNumberField("tokens", sign * Math.max(0, tokens));
    to.writeStringField("model", model.model());
    to.writeStringField("type", direction);
    to.writeStringField("outcome", record.outcome().label());
    identity(to, record);
    to.writeEndObject();
  }

  /** What is read from the cache, or written to it, is not in {@code prompt_tokens}. */
  private static void osac(
      JsonGenerator to, JournalLine line, UsageRecord record, String id, UsageLine model, int sign)
      throws IOException {
    long prompt = Math.max(0, model.usage().prompt());
    long read = Math.min(prompt, Math.max(0, model.usage().part(TokenPart.CACHE_READ)));
    long written = Math.min(prompt - read, Math.max(0, model.usage().part(TokenPart.CACHE_WRITE)));
    long completion = Math.max(0, model.usage().completion());
    envelope(to, line, record, id, "inference.tokens.used");
    to.writeObjectFieldStart("data");
    to.writeStringField("user", record.identity().user());
    for (String attribute : OSAC_ATTRIBUTES) {
      optional(to, attribute, record.identity().attributes().get(attribute));
    }
    to.writeStringField("model", model.model());
    to.writeNumberField("prompt_tokens", sign * (prompt - read - written));
    to.writeNumberField("completion_tokens", sign * completion);
    to.writeNumberField("total_tokens", sign * Math.addExact(prompt, completion));
    to.writeNumberField("cached_input_tokens", sign * read);
    to.writeNumberField("cache_creation_tokens", sign * written);
    to.writeNumberField(
        "reasoning_tokens", sign * Math.max(0, model.usage().part(TokenPart.REASONING)));
    to.writeNumberField("duration_ms", record.duration().toMillis());
    to.writeStringField("outcome", record.outcome().label());
    to.writeEndObject();
  }

  private static void optional(JsonGenerator to, String name, @Nullable String value)
      throws IOException {
    if (value != null && !value.isEmpty()) {
      to.writeStringField(name, value);
    }
  }

  private static void count(JsonGenerator to, String name, long count) throws IOException {
    if (count >= 0) {
      to.writeNumberField(name, count);
    }
  }

  private static void amount(JsonGenerator to, String name, @Nullable Cost amount)
      throws IOException {
    if (amount != null) {
      to.writeStringField(name, amount.amount().stripTrailingZeros().toPlainString());
      to.writeStringField(name + "_currency", amount.currency());
    }
  }

  /** A profile in lower case. */
  static final class ProfileName implements ITypeConverter<Profile> {
    @Override
    public Profile convert(String value) {
      for (Profile profile : Profile.values()) {
        if (profile.name().toLowerCase(Locale.ROOT).equals(value)) {
          return profile;
        }
      }
      throw new TypeConversionException("'" + value + "' is not one of plain, openmeter, osac");
    }
  }
}

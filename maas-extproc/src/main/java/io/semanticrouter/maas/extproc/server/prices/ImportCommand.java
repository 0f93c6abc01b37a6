// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server.prices;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.semanticrouter.maas.extproc.server.prices.BookDraft.Finding;
import io.semanticrouter.maas.extproc.server.text.SourceFiles;
import io.semanticrouter.maas.extproc.server.text.TextTree;
import io.semanticrouter.maas.extproc.server.text.UnreadableException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Makes a book of the price list of someone else. */
@Command(
    name = "import",
    mixinStandardHelpOptions = true,
    description = {
      "Makes a book of someone else's price list and prints it. What a book cannot say exactly is"
          + " left out, never rounded or guessed, and listed with its reason on standard error.",
      "Exit status: 0, 2 when the file is no such list."
    })
final class ImportCommand extends BookCommand {
  @Option(
      names = "--from",
      paramLabel = "LIST",
      required = true,
      converter = ListName.class,
      completionCandidates = ListName.class,
      description = "Whose list it is: ${COMPLETION-CANDIDATES}.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private PriceList from;

  @Option(
      names = "--provider",
      split = ",",
      paramLabel = "NAME",
      description =
          "Only models of these providers, as the list names them. A model that several have stands"
              + " in the book as PROVIDER/MODEL only.")
  private List<String> providers = new ArrayList<>();

  @Parameters(paramLabel = "FILE", description = "The list, as JSON.")
  @SuppressWarnings("NullAway.Init") // by picocli
  private Path file;

  @Override
  boolean run(PrintWriter out) throws UnreadableException {
    byte[] bytes = PriceBook.bytes(file);
    BookDraft draft = new BookDraft(providers);
    Map<String, @Nullable Object> book =
        from.book(TextTree.readJson(file.toString(), bytes), SourceFiles.sha256(bytes), draft);
    card(Map.of("books", List.of(book)));
    write(book, out);
    for (Finding finding : draft.refused()) {
      err().println("left out: " + finding);
    }
    for (Finding finding : draft.flagged()) {
      err().println("look at: " + finding);
    }
    err()
        .println(
            draft.read()
                + " sets of prices read, "
                + draft.refused().size()
                + " left out, "
                + draft.flagged().size()
                + " to look at; "
                + PriceList.map(book.get("models")).size()
                + " models");
    return true;
  }

  /** One line for each model, so that versions of a book can be compared by line. */
  static void write(Map<String, @Nullable Object> book, PrintWriter out) {
    List<String> lines = new ArrayList<>();
    book.forEach(
        (key, value) -> {
          if (!key.equals("models")) {
            out.println((lines.isEmpty() ? "{" : " ") + json(key) + ": " + json(value) + ",");
            lines.add(key);
          }
        });
    lines.clear();
    PriceList.map(book.get("models"))
        .forEach((model, entry) -> lines.add("  " + json(model) + ": " + json(entry)));
    out.println(" \"models\": {");
    out.println(String.join(",\n", lines) + "}}");
  }

  private static String json(@Nullable Object value) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      write(json, value);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void write(JsonGenerator json, @Nullable Object value) throws IOException {
    if (value instanceof Map<?, ?> map) {
      json.writeStartObject();
      for (Map.Entry<?, ?> entry : map.entrySet()) {
        json.writeFieldName((String) entry.getKey());
        write(json, entry.getValue());
      }
      json.writeEndObject();
    } else if (value instanceof Collection<?> list) {
      json.writeStartArray();
      for (Object element : list) {
        write(json, element);
      }
      json.writeEndArray();
    } else if (value instanceof Long number) {
      json.writeNumber(number);
    } else if (value instanceof Boolean flag) {
      json.writeBoolean(flag);
    } else {
      json.writeString((String) value);
    }
  }

  /** Lists by their names. */
  static final class ListName extends ArrayList<String> implements ITypeConverter<PriceList> {
    private static final long serialVersionUID = 1;

    ListName() {
      for (PriceList list : PriceList.values()) {
        add(list.label());
      }
    }

    @Override
    public PriceList convert(String value) {
      for (PriceList list : PriceList.values()) {
        if (list.label().equals(value)) {
          return list;
        }
      }
      throw new TypeConversionException("'" + value + "' is not one of " + String.join(", ", this));
    }
  }
}

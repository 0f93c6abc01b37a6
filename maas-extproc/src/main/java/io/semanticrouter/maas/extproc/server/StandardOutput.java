// SPDX-License-Identifier: Apache-2.0
package io.semanticrouter.maas.extproc.server;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;
import org.slf4j.LoggerFactory;

/**
 * Lines for an output that may be a pipe that nobody reads: a thread of its own writes them, so
 * that no exchange ever waits for a log. What does not fit into the bound is dropped and counted.
 * Thread-safe.
 */
final class StandardOutput extends OutputStream {
  /** As much as sixteen pipes of Linux hold. */
  static final int MAX_BYTES = 1 << 20;

  /** The one of this process. */
  static final StandardOutput PROCESS =
      new StandardOutput(
          new FileOutputStream(FileDescriptor.out), MAX_BYTES, StandardOutput::logDropped);

  /** What a line takes beside its bytes. */
  private static final int LINE_BYTES = 64;

  private final OutputStream out;
  private final int maxBytes;
  private final LongConsumer whenDropped;
  private final LongAdder dropped = new LongAdder();

  /** The lock of all below. */
  private final Queue<byte[]> lines = new ArrayDeque<>();

  private int bytes;
  private boolean writing;
  private boolean started;

  /**
   * An output.
   *
   * @param out where the lines go
   * @param maxBytes what lines may take that are not written yet
   * @param whenDropped hears how many lines are missing, as soon as one could be written again
   */
  StandardOutput(OutputStream out, int maxBytes, LongConsumer whenDropped) {
    this.out = out;
    this.maxBytes = maxBytes;
    this.whenDropped = whenDropped;
  }

  /** Begins to write, once. */
  void start() {
    synchronized (lines) {
      if (!started) {
        Thread writer = new Thread(this::run, "log");
        writer.setDaemon(true);
        writer.start();
        started = true;
      }
    }
  }

  /** How many lines were dropped. */
  long dropped() {
    return dropped.sum();
  }

  private static void logDropped(long missing) {
    LoggerFactory.getLogger(StandardOutput.class)
        .warn("{} lines of the log were dropped: nothing read the output", missing);
  }

  @Override
  public void write(int b) {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] line, int from, int length) {
    synchronized (lines) {
      if (bytes + length + LINE_BYTES > maxBytes) {
        dropped.increment();
        return;
      }
      byte[] copy = new byte[length];
      System.arraycopy(line, from, copy, 0, length);
      lines.add(copy);
      bytes += length + LINE_BYTES;
      lines.notifyAll();
    }
  }

  /** Waits until all is written, or until the time is over. */
  boolean awaitWritten(long timeout, TimeUnit unit) {
    long deadline = System.nanoTime() + unit.toNanos(timeout);
    synchronized (lines) {
      try {
        while (writing || !lines.isEmpty()) {
          long left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
          if (left <= 0) {
            return false;
          }
          lines.wait(left);
        }
        return true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
  }

  private void run() {
    try {
      long reported = 0;
      while (true) {
        byte[] line = next();
        try {
          out.write(line);
        } catch (IOException e) {
          // Its reader has gone.
          dropped.increment();
          continue;
        }
        long missing = dropped() - reported;
        if (missing > 0) {
          reported += missing;
          whenDropped.accept(missing);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private byte[] next() throws InterruptedException {
    synchronized (lines) {
      writing = false;
      lines.notifyAll();
      byte[] line;
      while ((line = lines.poll()) == null) {
        lines.wait();
      }
      bytes -= line.length + LINE_BYTES;
      writing = true;
      return line;
    }
  }
}

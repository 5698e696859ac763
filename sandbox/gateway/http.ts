/** HTTP as the gateway's listeners share it. */
import type { IncomingMessage } from "node:http";
import { AwsError } from "./call";

/** Headers by which the gateway instructs moto; no client may. */
const INSTRUCTIONS = /^x-(sandbox|moto)-/;

/** A request's headers by lower-case name, those given more than once in one line. */
export const requestHeaders = (request: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(request.headers)
      .filter(([name]) => !INSTRUCTIONS.test(name))
      .map(([name, value]) => [name, [value].flat().join(",")]),
  );

/** A line for the log about an error that AWS has no words for. */
export const failure = (error: unknown): string =>
  `failed: ${error instanceof Error ? error.stack : String(error)}`;

export const internalFailure = (): AwsError =>
  new AwsError("InternalFailure", "The sandbox failed; its log says why.", 500);

/** The error that AWS would answer with. */
export function awsErrorOf(error: unknown): AwsError {
  if (error instanceof AwsError) return error;
  return error instanceof URIError
    ? new AwsError("InvalidURI", "Couldn't parse the specified URI.", 400)
    : internalFailure();
}

const MAX_BODY = 16 * 1024 * 1024;
const MAX_BUFFERED = 8 * MAX_BODY;

const tooLarge = () =>
  new AwsError("EntityTooLarge", `The sandbox takes bodies of at most ${MAX_BODY} bytes`, 413);

/** Reads request bodies, of bounded size each and together. */
export class BodyReader {
  private buffered = 0;

  /** Throws EntityTooLarge or SlowDown. What it gives counts until `release`. */
  read(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const stop = (error: Error) => {
        this.buffered -= size;
        size = 0;
        request.removeAllListeners("data").resume();
        reject(error);
      };
      if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) {
        reject(tooLarge());
        return;
      }
      request.on("data", (chunk: Buffer) => {
        size += chunk.length;
        this.buffered += chunk.length;
        chunks.push(chunk);
        if (size > MAX_BODY) stop(tooLarge());
        else if (this.buffered > MAX_BUFFERED)
          stop(new AwsError("SlowDown", "Please reduce your request rate.", 503));
      });
      request.on("end", () => resolve(Buffer.concat(chunks)));
      request.on("error", stop);
      request.on("aborted", () => stop(new Error("the client closed the connection")));
    });
  }

  release(body: Buffer): void {
    this.buffered -= body.length;
  }
}

import { UserError } from "./user-error";

/**
 * What is wrong with a stack. Pulumi shows the message alone, as of a RunError, which it knows by a mark: tools that
 * read settings need not load its library. There is no stack trace either: Pulumi formats it in any case, and Node.js 20
 * takes ten seconds and half a gigabyte for one that names Pulumi's files.
 */
export class StackError extends UserError {
  readonly __pulumiRunError = true;

  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

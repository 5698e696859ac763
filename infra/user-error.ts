/**
 * Base class of the errors that are meant for people: the message says what is wrong and what to do, and no stack is
 * shown. Command lines print the message and end with the exit code. Anything else that is thrown is a defect.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";

  constructor(
    message: string,
    readonly exitCode = 2,
  ) {
    super(message);
  }
}

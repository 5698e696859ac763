import * as pulumi from "@pulumi/pulumi";

/**
 * What is wrong with a stack, in words for people; a RunError, so that Pulumi shows no stack trace. It has none either:
 * Pulumi formats it in any case, and Node.js 20 takes ten seconds and half a gigabyte for one that names Pulumi's files.
 */
export class StackError extends pulumi.RunError {
  constructor(message: string) {
    super(message);
    this.stack = message;
  }
}

import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { jobToken } from "../../tools/verify/job-token";
import { SkippedCheck } from "../../tools/verify/skipped-check";

const SUBJECT = "repo:owner/name:environment:prod";
const AUDIENCE = "sts.amazonaws.com";

describe("the token of GitHub's jobs", () => {
  const before = { ...process.env };
  const asked: unknown[] = [];
  // As GitHub answers: the audience is the caller's choice, the subject is the running job's.
  const github = createServer(({ url, headers }, response) => {
    const { searchParams } = new URL(url!, "http://127.0.0.1");
    asked.push([searchParams.get("api-version"), headers.authorization]);
    const claims = { sub: SUBJECT, aud: searchParams.get("audience") };
    response.end(
      JSON.stringify({ value: `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.` }),
    );
  });
  beforeEach(async () => {
    await new Promise<void>((resolve) => github.listen(0, "127.0.0.1", resolve));
    const { port } = github.address() as AddressInfo;
    process.env.ACTIONS_ID_TOKEN_REQUEST_URL = `http://127.0.0.1:${port}/?api-version=2.0`;
    process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = "word";
  });
  afterEach(() => {
    process.env = { ...before };
    github.closeAllConnections();
    github.close();
  });

  it("is asked of GitHub for the audience that is wanted, as the running job", async () => {
    const [, payload = ""] = (await jobToken(SUBJECT, AUDIENCE)).split(".");
    assert.equal(JSON.parse(Buffer.from(payload, "base64url").toString()).aud, AUDIENCE);
    assert.deepEqual(asked, [["2.0", "bearer word"]]);
  });
  it("never serves for a row about another job", async () => {
    await assert.rejects(
      jobToken("repo:owner/name:pull_request", AUDIENCE),
      (error: Error) =>
        error instanceof SkippedCheck &&
        /by the job repo:owner\/name:pull_request; this is repo:/.test(error.message),
    );
  });
  it("leaves a row unasked outside GitHub", async () => {
    delete process.env.ACTIONS_ID_TOKEN_REQUEST_URL;
    await assert.rejects(jobToken(SUBJECT, AUDIENCE), SkippedCheck);
  });
});

import { SkippedCheck } from "./skipped-check";

/**
 * The token that GitHub gives a job: an endpoint that stands for GitHub's issuer gives that of any job, GitHub itself the
 * running job's own. https://docs.github.com/actions/reference/security/oidc
 * @param subject whom the token must be about, such as repo:OWNER/NAME:pull_request
 * @throws {SkippedCheck} where the running job is another, or none.
 */
export async function jobToken(subject: string, audience: string, endpoint?: string): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer } = process.env;
  if (!endpoint && !url)
    throw new SkippedCheck(`must be asked by the job ${subject}, to which GitHub gives a token`);
  const answer = await (endpoint
    ? fetch(new URL(`/_sandbox/token?${new URLSearchParams({ subject, audience })}`, endpoint), {
        method: "POST",
      })
    : fetch(`${url}&audience=${encodeURIComponent(audience)}`, {
        headers: { authorization: `bearer ${bearer}` },
      }));
  if (!answer.ok) throw new SkippedCheck(`no token was given for ${subject} (HTTP ${answer.status})`);
  const { value } = (await answer.json()) as { value: string };
  const { sub } = JSON.parse(Buffer.from(value.split(".")[1] ?? "", "base64url").toString());
  if (sub !== subject) throw new SkippedCheck(`must be asked by the job ${subject}; this is ${sub}`);
  return value;
}

import { readCarriedPolicy } from "../carried-policy";
import { forwardToMoto } from "../forward-to-moto";
import type { RequestContext } from "../services/service";

/** Has moto, or the service itself, do what was allowed; then remembers who a policy in the request means. */
export async function forward(context: RequestContext): Promise<void> {
  const remember = await readCarriedPolicy(context);
  const answer = await (context.service.respond ?? forwardToMoto)(context);
  if (answer.status < 300) remember(answer);
  context.answer = answer;
}

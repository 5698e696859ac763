import * as pulumi from "@pulumi/pulumi";
import { openAccounts } from "../../../infra/accounts";
import { updateApp } from "../../../infra/scenarios/update-app";
import { readSettings } from "../../../infra/settings";
import { mutations } from "./mutations";

export = async () => {
  const mutation = mutations[process.env.MUTATION!]!;
  const { policy, add } = mutation;
  if (policy)
    pulumi.runtime.registerStackTransformation(({ type, props, opts }) => {
      if (type !== policy.type) return undefined;
      const document = JSON.parse(props[policy.property]);
      const changed = { ...document, Statement: policy.change(document.Statement) };
      return { props: { ...props, [policy.property]: JSON.stringify(changed) }, opts };
    });
  const settings = readSettings();
  const accounts = await openAccounts(settings);
  const told = updateApp(settings, accounts);
  add?.(accounts);
  return { stack: settings.stack, updateApp: told };
};

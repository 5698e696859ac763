import * as pulumi from "@pulumi/pulumi";
import { openAccounts } from "../../../infra/accounts";
import { deployScenarios } from "../../../infra/program";
import { readSettings } from "../../../infra/settings";
import { mutations } from "./mutations";

export = async () => {
  const chosen = process.env.MUTATIONS!.split("; ").map((name) => mutations[name]!);
  for (const { policy } of chosen)
    pulumi.runtime.registerStackTransformation(({ type, name, props, opts }) => {
      if (!policy || type !== policy.type || name !== policy.name) return undefined;
      const document = JSON.parse(props[policy.property]);
      const changed = { ...document, Statement: policy.change(document.Statement) };
      return { props: { ...props, [policy.property]: JSON.stringify(changed) }, opts };
    });
  const settings = readSettings(pulumi.getStack(), pulumi.runtime.allConfig());
  const accounts = await openAccounts(settings);
  const outputs = deployScenarios(settings, accounts);
  for (const { add } of chosen) add?.(accounts);
  return { stack: settings.stack, ...outputs };
};

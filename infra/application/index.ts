import { defineScenario, type Scenario } from "../scenario";
import { type Application, bucketLabel, groupsOf, type PrefixedSettings, unprefixed } from "./application";
import { applicationContract } from "./contract";
import { applicationRules, checkGroups } from "./settings";

export type { Application, ApplicationUse, Uses } from "./application";

/**
 * A scenario from the declarations of an application: its role, group, bucket, settings, and its rows of the access
 * contract. Several applications can be in one stack; each has settings under its own prefix.
 */
export function defineApplication<Name extends string, Prefix extends string, Own>(
  application: Application<Name, Prefix, Own>,
): Scenario<PrefixedSettings<Prefix> & Own> & { readonly name: Name } {
  const { name, prefix } = application;
  const read = <
    Context extends { settings: Parameters<typeof unprefixed<PrefixedSettings<Prefix> & Own>>[1] },
  >(
    context: Context,
  ) => ({ ...context, settings: unprefixed(prefix, context.settings) });
  return defineScenario<Name, PrefixedSettings<Prefix> & Own>({
    name,
    output: prefix,
    rules: applicationRules(application),
    checkSettings: (settings, _config, report) =>
      checkGroups(unprefixed(prefix, settings as Parameters<typeof read>[0]["settings"]), report, prefix),
    inventory: (context) => {
      const { settings } = read(context);
      return {
        trusting: {
          roles: [settings.roleName],
          buckets: [{ label: bucketLabel(settings), name: settings.bucketName }],
        },
        trusted: groupsOf(settings),
      };
    },
    resources: () => {
      const { deployApplication } = require("./resources") as typeof import("./resources");
      return { deploy: (context, accounts) => deployApplication(application, read(context), accounts) };
    },
    deployerPermissions: () => ({}),
    contract: (context) => applicationContract(application, read(context)),
  });
}

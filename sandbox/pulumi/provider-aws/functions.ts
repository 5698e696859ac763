import * as grpc from "@grpc/grpc-js";
import { RpcError } from "../rpc";
import type { AwsConnection } from "./connection";
import type { Values } from "./values";

interface PrincipalArgs {
  type: string;
  identifiers: string[];
}

interface StatementArgs {
  sid?: string;
  effect?: string;
  actions?: string[];
  notActions?: string[];
  resources?: string[];
  notResources?: string[];
  principals?: PrincipalArgs[];
  notPrincipals?: PrincipalArgs[];
  conditions?: { test: string; variable: string; values: string[] }[];
}

function oneOrList(values: string[] = []): string | string[] | undefined {
  if (values.length > 1) return values;
  return values[0];
}

function principals(given: PrincipalArgs[] | undefined): unknown {
  if (!given?.length) return undefined;
  if (given.some(({ type }) => type === "*")) return "*";
  const byType = new Map<string, string[]>();
  for (const { type, identifiers } of given) byType.set(type, [...(byType.get(type) ?? []), ...identifiers]);
  return Object.fromEntries([...byType].map(([type, identifiers]) => [type, oneOrList(identifiers)]));
}

function conditions(given: StatementArgs["conditions"]): unknown {
  if (!given?.length) return undefined;
  const byTest: Record<string, Record<string, unknown>> = {};
  for (const { test, variable, values } of given)
    byTest[test] = { ...byTest[test], [variable]: oneOrList(values) };
  return byTest;
}

function policyDocument({ version, policyId, statements, ...others }: Values): Values {
  const [unknown] = Object.keys(others);
  if (unknown)
    throw new RpcError(
      grpc.status.UNIMPLEMENTED,
      `the stand-in AWS plugin does not know argument '${unknown}' of getPolicyDocument`,
    );
  const document = {
    Version: version ?? "2012-10-17",
    Id: policyId,
    Statement: ((statements ?? []) as StatementArgs[]).map((statement) => ({
      Sid: statement.sid,
      Effect: statement.effect ?? "Allow",
      Principal: principals(statement.principals),
      NotPrincipal: principals(statement.notPrincipals),
      Action: oneOrList(statement.actions),
      NotAction: oneOrList(statement.notActions),
      Resource: oneOrList(statement.resources),
      NotResource: oneOrList(statement.notResources),
      Condition: conditions(statement.conditions),
    })),
  };
  const json = JSON.stringify(document, null, 2);
  return {
    id: json,
    json,
    minifiedJson: JSON.stringify(document),
    version: document.Version,
    policyId,
    statements,
  };
}

/** Answers a function of @pulumi/aws (an "invoke"). */
export function invoke(connection: AwsConnection, token: string, args: Values): Values | Promise<Values> {
  const functions: Record<string, () => Values> = {
    "aws:index/getCallerIdentity:getCallerIdentity": () => ({
      id: connection.account,
      accountId: connection.account,
      arn: connection.identity.Arn,
      userId: connection.identity.UserId,
    }),
    "aws:index/getPartition:getPartition": () => ({
      id: connection.partition,
      partition: connection.partition,
      dnsSuffix: connection.dnsSuffix,
      reverseDnsPrefix: connection.dnsSuffix.split(".").reverse().join("."),
    }),
    "aws:index/getRegion:getRegion": () => ({
      id: connection.region,
      name: connection.region,
      region: connection.region,
    }),
    "aws:iam/getPolicyDocument:getPolicyDocument": () => policyDocument(args),
  };
  const known = functions[token];
  if (!known)
    throw new RpcError(
      grpc.status.UNIMPLEMENTED,
      `the stand-in AWS plugin does not know the function ${token}; it knows ${Object.keys(functions).join(", ")}`,
    );
  return known();
}

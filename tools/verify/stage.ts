import { randomBytes } from "node:crypto";
import {
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DeleteParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromIni, fromInstanceMetadata } from "@aws-sdk/credential-providers";
import { bucketArn, partitionOf } from "../../infra/access/arn";
import { policyDocument } from "../../infra/access/policy";
import { profileEndpoints } from "../../infra/accounts";
import { groupsOf } from "../../infra/deployer";
import type { Scenario, Settings } from "../../infra/settings";
import { CheckBuckets } from "./buckets";
import { type Home, jobs, type Person, people, type Role, type Row, type Target } from "./contract";
import { jobToken } from "./job-token";
import { NotAsked } from "./not-asked";
import { type CheckUser, CheckUsers } from "./people";
import type { Caller, Subject } from "./requests";

/** A deployed stack, as the checks need to know it. */
export interface Deployment {
  settings: Settings;
  /** What the stack tells of each scenario; a scenario that is off tells nothing. */
  outputs: Partial<Record<Scenario, Readonly<Record<string, string>>>>;
  /** AWS profiles by which each account is prepared; `partner` and `outsider` need not be there. */
  profiles: Readonly<Record<Home, string>>;
}

const isJob = (who: Person): who is keyof typeof jobs => Object.hasOwn(jobs, who);

/** What the checks make in the accounts beforehand, and clear up afterwards. */
export class Stage {
  readonly run = randomBytes(4).toString("hex");
  readonly key = `check-${this.run}/hello.txt`;
  /** The endpoint that the stack's accounts are reached at, or undefined where that is AWS. */
  readonly endpoint: string | undefined;
  private readonly users = new Map<Person, CheckUser>();
  private readonly staff = {} as Record<Home, CheckUsers>;
  private readonly buckets: Record<"trusting" | "trusted", CheckBuckets>;
  private readonly instances: Partial<Record<"operated" | "another" | "machine", string>> = {};
  private bucketPolicy = "";
  private ownQueueUrl = "";

  private constructor(
    private readonly deployment: Deployment,
    private readonly endpoints: ReadonlyMap<string, string | undefined>,
  ) {
    this.endpoint = this.endpointOf("trusting");
    for (const home of Object.keys(deployment.profiles) as Home[])
      this.staff[home] = new CheckUsers(this.administrator(home), this.run);
    this.buckets = {
      trusting: new CheckBuckets(this.administrator("trusting")),
      trusted: new CheckBuckets(this.administrator("trusted")),
    };
  }

  /** A stage that nothing stands on yet. */
  static async of(deployment: Deployment): Promise<Stage> {
    return new Stage(deployment, await profileEndpoints());
  }

  /** Makes what these rows need. */
  async build(rows: readonly Row[]): Promise<void> {
    const { deployment, key, run } = this;
    const needs = (...targets: Target[]) => rows.some(({ on }) => targets.includes(on));
    const deployed = groupsOf(deployment.settings);
    const whoAsks = new Set(rows.map(({ who }) => who));
    await Promise.all(
      Object.entries<Role>(people).map(async ([name, role]) => {
        const who = name as Person;
        if (!whoAsks.has(who) || !this.reaches(role.home)) return;
        const { groups = [], rights = [] } = role;
        const policy = rights.length > 0 ? policyDocument(rights) : undefined;
        // Of a scenario that is off there is no group to be in.
        const there = groups.filter((group) => deployed.includes(group));
        this.users.set(who, await this.staff[role.home].create(name, there, policy));
      }),
    );
    if (this.oneSided) return;
    const { trusting, trusted } = this.buckets;
    if (needs("another bucket of prod")) await trusting.create(`check-${run}-other`, key);
    if (
      needs(
        "own bucket in dev",
        "own bucket in dev to the shared bucket",
        "own bucket in dev to productionapp",
      )
    )
      await trusted.create(`check-${run}-own`, key);
    // Named one by one: to name the own account would only hand the question back to the person's policies.
    const named = [...this.users].filter(([who]) => /^(prod|dev) user/.test(who)).map(([, { arn }]) => arn);
    const { region } = deployment.settings;
    for (const [target, name, effects] of [
      ["a bucket whose policy is silent", "silent", []],
      ["a bucket whose policy allows", "allows", ["Allow"]],
      ["a bucket whose policy denies", "denies", ["Allow", "Deny"]],
    ] as const) {
      if (!needs(target)) continue;
      const bucket = await trusting.create(`check-${run}-${name}`, key);
      const Resource = bucketArn({ region, partition: partitionOf(region), accountId: "" }, bucket, "/*");
      const about = { Principal: { AWS: named }, Action: "s3:GetObject", Resource };
      if (effects.length > 0)
        await trusting.setPolicy(bucket, policyDocument(effects.map((Effect) => ({ Effect, ...about }))));
    }
    const { UpdateApp, SharedBucket } = deployment.outputs;
    if (UpdateApp) {
      // Keeps the bucket from ever being empty, whatever is wrongly allowed.
      await trusting.put(UpdateApp.bucketName!, `check-${run}/kept.txt`);
      this.bucketPolicy = await trusting.policy(UpdateApp.bucketName!);
    }
    if (SharedBucket) await trusting.put(SharedBucket.bucketName!, key);
    if (needs("another parameter"))
      await new SSMClient(this.administrator("trusting")).send(
        new PutParameterCommand({ Name: this.otherParameter, Value: "other", Type: "String" }),
      );
    if (needs("own queue in dev")) {
      const create = new CreateQueueCommand({ QueueName: `check-${run}` });
      this.ownQueueUrl = (await new SQSClient(this.administrator("trusted")).send(create)).QueueUrl!;
    }
    if (needs("an operated instance", "another instance")) await this.findInstances();
  }

  /** The user made for a person. @throws {NotAsked} where the person's account cannot be reached. */
  user(who: Person): CheckUser {
    const user = this.users.get(who);
    if (user) return user;
    const { home } = people[who as keyof typeof people];
    throw new NotAsked(
      `needs a profile named ${this.deployment.profiles[home]} that administers the ${home} account`,
    );
  }

  everyone(): Person[] {
    return [...this.users.keys()];
  }

  /** The caller with a person's own credentials. */
  async ownKeys(who: Person): Promise<Caller> {
    if (who === "machine") return { ...this.caller("trusted"), credentials: await this.machineCredentials() };
    if (who === "device") {
      const { accessKeyId, secretAccessKey } = this.deployment.outputs.TopicPublisher!;
      if (!accessKeyId || !secretAccessKey) throw new NotAsked("the stack does not manage the device's key");
      return { ...this.caller("trusted"), credentials: { accessKeyId, secretAccessKey } };
    }
    if (isJob(who)) throw new Error(`A ${who} has no keys: ask with its token.`);
    return { ...this.caller(people[who].home), credentials: this.user(who).credentials };
  }

  /** The token that GitHub gives a job. @throws {NotAsked} where the running job is another, or none. */
  token(who: Person, audience: string): Promise<string> {
    if (!isJob(who)) throw new Error(`A ${who} has no token of GitHub's: ask with their keys.`);
    return jobToken(jobs[who](this.deployment.settings), audience, this.endpoint);
  }

  /** A caller without credentials, for requests that carry a token instead. */
  nobody(): Caller {
    return { ...this.caller("trusting"), credentials: { accessKeyId: "", secretAccessKey: "" } };
  }

  /** The administrator of an account, by its profile. */
  administrator(home: Home): Caller {
    return { ...this.caller(home), credentials: fromIni({ profile: this.deployment.profiles[home] }) };
  }

  /** What a row's request is about. @throws {NotAsked} where that is not there. */
  subject(row: Row): Omit<Subject, "role"> {
    const { run, key, bucketPolicy, deployment } = this;
    const { outputs } = deployment;
    if (this.oneSided && row.on !== "the role")
      throw new NotAsked(`the stack manages the ${deployment.settings.manages.join()} account alone`);
    const updated = outputs.UpdateApp?.bucketName ?? "";
    const shared = outputs.SharedBucket?.bucketName ?? "";
    const services = outputs.SharedServices ?? {};
    const { trustingAccountId } = deployment.settings;
    const own = `check-${run}-own`;
    const buckets: Partial<Record<Target, string>> = {
      productionapp: updated,
      "own bucket in dev to productionapp": updated,
      "another bucket of prod": `check-${run}-other`,
      "own bucket in dev": own,
      "the shared bucket": shared,
      "own bucket in dev to the shared bucket": shared,
      "a bucket whose policy allows": `check-${run}-allows`,
      "a bucket whose policy is silent": `check-${run}-silent`,
      "a bucket whose policy denies": `check-${run}-denies`,
    };
    const instance = {
      "an operated instance": this.instances.operated,
      "another instance": this.instances.another,
    }[row.on as string];
    if (row.on === "the shared API" && !services.apiUrl)
      throw new NotAsked("the stack does not manage the API, whose address only AWS gives");
    if (/instance/.test(row.on) && !instance)
      throw new NotAsked(
        this.named && row.on === "an operated instance"
          ? `the account has no instance ${this.named}`
          : "launches instances of its own only where the endpoint is not AWS",
      );
    return {
      bucket: buckets[row.on] ?? "",
      key,
      sourceBucket: own,
      bucketPolicy,
      unusedName: `check-${run}-unused`,
      parameter:
        row.on === "another parameter" ? this.otherParameter : (outputs.ParameterReader?.parameterName ?? ""),
      instance: instance ?? "",
      dryRun: this.named !== undefined,
      topic: `${outputs.TopicPublisher?.topic ?? "topic"}${row.on === "another topic" ? "-other" : ""}`,
      clientId: `${outputs.TopicPublisher?.clientId ?? ""}${row.on === "another client ID" ? "-other" : ""}`,
      watcher: this.administrator("trusting"),
      topicArn: services.topicArn ?? "",
      queueUrl: row.on === "own queue in dev" ? this.ownQueueUrl : (services.queueUrl ?? ""),
      message: `cross-account-access check ${run}`,
      repository: {
        repositoryName: services.repositoryUri?.split("/")[1] ?? "",
        registryId: trustingAccountId,
      },
      apiUrl: services.apiUrl ?? "",
    };
  }

  /** Removes everything that was made; gives the reasons why some could not be. */
  async clear(): Promise<unknown[]> {
    const staff = (Object.keys(this.staff) as Home[]).filter((home) => this.reaches(home));
    const people = staff.map((home) => this.staff[home].remove());
    const things = this.oneSided ? [] : this.things();
    const ends = await Promise.allSettled([...people, ...things]);
    return ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  }

  /** Removes all that was made besides people. */
  private things(): (Promise<unknown> | undefined)[] {
    const { run, buckets, deployment } = this;
    const { trusting } = buckets;
    const launched = (home: "trusting" | "trusted", ids: (string | undefined)[]) => {
      const InstanceIds = ids.filter((id) => id !== undefined);
      const ec2 = new EC2Client(this.administrator(home));
      return InstanceIds.length > 0 ? ec2.send(new TerminateInstancesCommand({ InstanceIds })) : undefined;
    };
    return [
      ...["UpdateApp", "SharedBucket"].map((scenario) => {
        const bucket = deployment.outputs[scenario as Scenario]?.bucketName;
        return bucket ? trusting.empty(bucket, `check-${run}/`) : undefined;
      }),
      trusting.remove(),
      buckets.trusted.remove(),
      new SSMClient(this.administrator("trusting"))
        .send(new DeleteParameterCommand({ Name: this.otherParameter }))
        .catch((error: Error) => {
          if (error.name !== "ParameterNotFound") throw error;
        }),
      this.ownQueueUrl
        ? new SQSClient(this.administrator("trusted")).send(
            new DeleteQueueCommand({ QueueUrl: this.ownQueueUrl }),
          )
        : undefined,
      launched("trusting", [this.named ? undefined : this.instances.operated, this.instances.another]),
      launched("trusted", [this.instances.machine]),
    ];
  }

  /** The other account has no profile that may prepare anything there: only the roles are asked for. */
  private get oneSided(): boolean {
    return this.deployment.settings.manages.length < 2;
  }

  /** An instance that the settings name, which is not the checks' to stop or terminate. */
  private get named(): string | undefined {
    return this.deployment.settings.operatedInstanceIds[0];
  }

  private get otherParameter(): string {
    return `/cross-account-access-check/${this.run}`;
  }

  private reaches(home: Home): boolean {
    const { settings, profiles } = this.deployment;
    if (home === "trusting" || home === "trusted") return settings.manages.includes(home);
    return this.endpoints.has(profiles[home]);
  }

  private endpointOf(home: Home): string | undefined {
    return this.endpoints.get(this.deployment.profiles[home]);
  }

  private caller(home: Home): Omit<Caller, "credentials"> {
    const endpoint = this.endpointOf(home);
    return { region: this.deployment.settings.region, ...(endpoint !== undefined && { endpoint }) };
  }

  /** Two instances to operate, one of them outside the restriction, and the machine to operate them from. */
  private async findInstances(): Promise<void> {
    if (this.named) {
      const there = new DescribeInstancesCommand({ InstanceIds: [this.named] });
      const found = await new EC2Client(this.administrator("trusting")).send(there).catch(() => undefined);
      if (found) this.instances.operated = this.named;
    }
    if (this.endpoint === undefined) return;
    const { operatedInstanceTag: tag } = this.deployment.settings;
    const run = async (home: "trusting" | "trusted", tagged: boolean, profile?: string) => {
      const Tags = tag && tagged ? [{ Key: tag.key, Value: tag.value }] : [];
      const { Instances } = await new EC2Client(this.administrator(home)).send(
        new RunInstancesCommand({
          ImageId: "ami-12345678",
          InstanceType: "t3.nano",
          MinCount: 1,
          MaxCount: 1,
          TagSpecifications: [
            { ResourceType: "instance", Tags: [...Tags, { Key: "check", Value: this.run }] },
          ],
          ...(profile && { IamInstanceProfile: { Name: profile } }),
        }),
      );
      return Instances![0]!.InstanceId!;
    };
    if (!this.named) this.instances.operated = await run("trusting", true);
    this.instances.another = await run("trusting", false);
    this.instances.machine = await run(
      "trusted",
      false,
      this.deployment.outputs.InstanceOperator!.instanceProfile,
    );
  }

  /** What the machine's metadata service gives, read as any program on the machine reads it. */
  private async machineCredentials() {
    const { endpoint } = this;
    if (endpoint === undefined) return this.ownMetadata();
    const url = new URL(`/_sandbox/metadata?instanceId=${this.instances.machine}`, endpoint);
    const answer = await fetch(url, { method: "POST" });
    if (!answer.ok)
      throw new NotAsked(`the endpoint ${endpoint} has no instance metadata (HTTP ${answer.status})`);
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = ((await answer.json()) as { url: string }).url;
    return fromInstanceMetadata()();
  }

  /** What this machine's own metadata service gives, if it is the machine. */
  private async ownMetadata() {
    const profile = this.deployment.outputs.InstanceOperator!.instanceProfile!;
    try {
      const credentials = await fromInstanceMetadata({ timeout: 1000, maxRetries: 0 })();
      const sts = new STSClient({ ...this.caller("trusted"), credentials });
      const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
      if (Arn.includes(`:assumed-role/${profile}/`)) return credentials;
    } catch {}
    throw new NotAsked(`must be asked on an instance with the instance profile ${profile}: run it there`);
  }
}

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
import { bucketArn } from "../../infra/access/arn";
import { policyDocument } from "../../infra/access/policy";
import type {
  BucketFixture,
  ContractRow,
  Fixture,
  Home,
  InstanceFixture,
  JobPersona,
  MachinePersona,
  OutputValue,
  Persona,
  UserPersona,
} from "../../infra/contract/types";
import { profileEndpoints } from "../../infra/profiles";
import { groupsOf } from "../../infra/program";
import type { Settings } from "../../infra/settings";
import { locationsOf, SIDES, type Side } from "../../infra/stack-settings";
import { areDetailsShown, requestLogger } from "../details";
import type { Caller, Subject } from "./caller";
import { CheckBuckets } from "./check-buckets";
import { CheckPermissionSets } from "./check-permission-sets";
import { CHECK_PATH, type CheckUser, CheckUsers } from "./check-users";
import { jobToken } from "./job-token";
import { SkippedCheck } from "./skipped-check";

/** A deployed stack, as the checks need to know it. */
export interface Deployment {
  settings: Settings;
  /** The outputs of each scenario, by its name; a scenario that is off has none. */
  outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** AWS profiles by which each account is prepared; `partner` and `outsider` do not need to exist. */
  profiles: Readonly<Record<Home, string>>;
}

/** A row of the access contract, with the scenario that it belongs to. */
export interface Row extends ContractRow {
  scenario: string;
}

/** What the checks create in the accounts beforehand, and remove afterwards. */
export class CheckEnvironment {
  readonly run = randomBytes(4).toString("hex");
  readonly key = `check-${this.run}/hello.txt`;
  /** The endpoint that the stack's accounts are reached at, or undefined where that is AWS. */
  readonly endpoint: string | undefined;
  private readonly users = new Map<string, CheckUser>();
  private readonly usersByAccount = {} as Record<Home, CheckUsers>;
  private readonly permissionSets: CheckPermissionSets;
  private readonly buckets: Record<Side, CheckBuckets>;
  /** IDs of the instances that were launched, or that the settings name and that exist. */
  private readonly instances = new Map<string, string>();
  private readonly launched: Record<Side, string[]> = { trusting: [], trusted: [] };
  /** The policies of the program's buckets, where a row asks to put one. */
  private readonly bucketPolicies = new Map<string, string>();
  private programBuckets: readonly string[] = [];
  private ownQueueUrl = "";

  private constructor(
    private readonly deployment: Deployment,
    private readonly endpoints: ReadonlyMap<string, string | undefined>,
  ) {
    this.endpoint = this.endpointOf("trusting");
    for (const home of Object.keys(deployment.profiles) as Home[])
      this.usersByAccount[home] = new CheckUsers(this.administrator(home), this.run);
    this.permissionSets = new CheckPermissionSets(
      this.administrator("trusted"),
      locationsOf(deployment.settings).trusted,
      this.run,
    );
    this.buckets = {
      trusting: new CheckBuckets(this.administrator("trusting")),
      trusted: new CheckBuckets(this.administrator("trusted")),
    };
  }

  /** An environment in which nothing was created yet. */
  static async of(deployment: Deployment): Promise<CheckEnvironment> {
    return new CheckEnvironment(deployment, await profileEndpoints());
  }

  /** Creates what these rows need. */
  async create(rows: readonly Row[]): Promise<void> {
    await this.createUsers(rows);
    await this.createPermissionSets(rows);
    if (this.isOneSided) return;
    const targets = rows.map(({ on }) => on);
    const fixtures = targets
      .flatMap(({ bucket, sourceBucket, parameter, instance, queueUrl }) => [
        bucket,
        sourceBucket,
        parameter,
        instance,
        queueUrl,
      ])
      .filter((value): value is Fixture => typeof value === "object" && "fixture" in value);
    await this.createBuckets(fixtures.filter((fixture) => fixture.fixture === "bucket"));
    await this.prepareProgramBuckets(rows);
    if (fixtures.some(({ fixture }) => fixture === "parameter"))
      await new SSMClient(this.administrator("trusting")).send(
        new PutParameterCommand({ Name: this.otherParameter, Value: "other", Type: "String" }),
      );
    if (fixtures.some(({ fixture }) => fixture === "queue")) {
      const create = new CreateQueueCommand({ QueueName: `check-${this.run}` });
      this.ownQueueUrl = (await new SQSClient(this.administrator("trusted")).send(create)).QueueUrl!;
    }
    await this.findInstances(
      targets.map(({ instance }) => instance).filter((value) => typeof value === "string"),
    );
    if (this.endpoint === undefined) return;
    for (const fixture of fixtures) if (fixture.fixture === "instance") await this.launchInstance(fixture);
    for (const { who } of rows) if (who.kind === "machine") await this.launchMachine(who);
  }

  /** The user created for a persona. @throws {SkippedCheck} where the persona's account cannot be reached. */
  user({ name, home }: UserPersona): CheckUser {
    const user = this.users.get(name);
    if (user) return user;
    throw new SkippedCheck(
      `needs a profile named ${this.deployment.profiles[home]} that administers the ${home} account`,
    );
  }

  /** Whether the persona's account could be reached, and its user created. */
  hasUser = ({ name }: UserPersona): boolean => this.users.has(name);

  /** The caller with a persona's own credentials. */
  async ownKeys(who: Persona, scenario: string): Promise<Caller> {
    switch (who.kind) {
      case "user":
        return { ...this.caller(who.home), credentials: this.user(who).credentials };
      case "permission set":
        return { ...this.caller("trusted"), credentials: await this.permissionSets.credentials(who) };
      case "machine":
        return { ...this.caller("trusted"), credentials: await this.machineCredentials(who) };
      case "device": {
        const { accessKeyId, secretAccessKey } = this.deployment.outputs[scenario] ?? {};
        if (!accessKeyId || !secretAccessKey)
          throw new SkippedCheck("the stack does not manage the device's key");
        return { ...this.caller("trusted"), credentials: { accessKeyId, secretAccessKey } };
      }
      case "job":
        throw new Error(`A ${who.name} has no keys: ask with its token.`);
    }
  }

  /** The token that GitHub gives a job. @throws {SkippedCheck} where the running job is another, or none. */
  token = ({ subject }: JobPersona, audience: string): Promise<string> =>
    jobToken(subject, audience, this.endpoint);

  /** A caller without credentials, for requests that carry a token instead. */
  anonymousCaller(): Caller {
    return { ...this.caller("trusting"), credentials: { accessKeyId: "", secretAccessKey: "" } };
  }

  /** The administrator of an account, by its profile. */
  administrator(home: Home): Caller {
    return { ...this.caller(home), credentials: fromIni({ profile: this.deployment.profiles[home] }) };
  }

  /** What a row's request is about. @throws {SkippedCheck} where that does not exist here. */
  subject({ scenario, on }: Row): Omit<Subject, "role"> {
    const { run, key, deployment } = this;
    if (this.isOneSided && on.role === undefined)
      throw new SkippedCheck(`the stack manages the ${deployment.settings.manages.join()} account alone`);
    const resolve = (value: string | OutputValue | Fixture | undefined): string => {
      if (typeof value !== "object") return value ?? "";
      if ("output" in value) return this.outputOf(scenario, value);
      return this.fixtureValue(value);
    };
    const bucket = resolve(on.bucket);
    return {
      bucket,
      key,
      sourceBucket: resolve(on.sourceBucket),
      bucketPolicy: this.bucketPolicies.get(bucket) ?? "",
      unusedName: `check-${run}-unused`,
      parameter: resolve(on.parameter),
      instance: typeof on.instance === "string" ? this.instanceOf(on.instance) : resolve(on.instance),
      // An instance that the settings name is in use.
      dryRun: typeof on.instance === "string",
      topic: on.topic ?? "",
      clientId: on.clientId ?? "",
      watcher: this.administrator("trusting"),
      table: on.table ?? "",
      topicArn: resolve(on.topicArn),
      queueUrl: resolve(on.queueUrl),
      message: `cross-account-access check ${run}`,
      repository: {
        repositoryName: on.repository ?? "",
        registryId: deployment.settings.trustingAccountId,
      },
      apiUrl: resolve(on.apiUrl),
    };
  }

  /** Removes everything that was created; returns the reasons why some could not be. */
  async remove(): Promise<unknown[]> {
    const reachable = (Object.keys(this.usersByAccount) as Home[]).filter((home) => this.isReachable(home));
    const users = reachable.map((home) => this.usersByAccount[home].remove());
    const cleanUpTasks = this.isOneSided ? [] : this.cleanUpTasks();
    const ends = await Promise.allSettled([...users, this.permissionSets.remove(), ...cleanUpTasks]);
    return ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  }

  private cleanUpTasks(): (Promise<unknown> | undefined)[] {
    const { run, buckets } = this;
    return [
      ...this.programBuckets.map((name) => buckets.trusting.empty(name, `check-${run}/`)),
      ...SIDES.map((side) => buckets[side].remove()),
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
      ...SIDES.map((side) => {
        const InstanceIds = this.launched[side];
        if (InstanceIds.length === 0) return undefined;
        return new EC2Client(this.administrator(side)).send(new TerminateInstancesCommand({ InstanceIds }));
      }),
    ];
  }

  private async createUsers(rows: readonly Row[]): Promise<void> {
    const deployedGroups = groupsOf(this.deployment.settings);
    const personas = new Map(rows.map(({ who }) => [who.name, who]));
    await Promise.all(
      [...personas.values()].map(async (persona) => {
        if (persona.kind !== "user" || !this.isReachable(persona.home)) return;
        const { name, home, groups = [], permissions = [] } = persona;
        const policy = permissions.length > 0 ? policyDocument(permissions) : undefined;
        // The groups of a scenario that is off do not exist.
        const existing = groups.filter((group) => deployedGroups.includes(group));
        this.users.set(name, await this.usersByAccount[home].create(name, existing, policy));
      }),
    );
  }

  private async createPermissionSets(rows: readonly Row[]): Promise<void> {
    if (!this.isReachable("trusted")) return;
    const personas = new Map(rows.map(({ who }) => [who.name, who]));
    for (const persona of personas.values())
      if (persona.kind === "permission set") await this.permissionSets.create(persona);
  }

  private async createBuckets(fixtures: readonly BucketFixture[]): Promise<void> {
    const unique = new Map(fixtures.map((fixture) => [this.fixtureValue(fixture), fixture]));
    for (const [name, { side, policy }] of unique) {
      await this.buckets[side].create(name, this.key);
      if (!policy) continue;
      const { effects, users } = policy;
      const location = locationsOf(this.deployment.settings)[side];
      const statement = {
        Principal: { AWS: users.map((user) => this.user(user).arn) },
        Action: "s3:GetObject",
        Resource: bucketArn(location, name, "/*"),
      };
      const document = policyDocument(effects.map((Effect) => ({ Effect, ...statement })));
      await this.buckets[side].setPolicy(name, document);
    }
  }

  /** Puts an object to read into each bucket of the program, and another that keeps it from ever being empty. */
  private async prepareProgramBuckets(rows: readonly Row[]): Promise<void> {
    const { trusting } = this.buckets;
    const named = rows.map(({ on }) => on.bucket).filter((bucket) => typeof bucket === "string");
    this.programBuckets = [...new Set(named)];
    for (const name of this.programBuckets) {
      await trusting.put(name, `check-${this.run}/kept.txt`);
      await trusting.put(name, this.key);
      if (rows.some(({ action, on }) => action === "s3:PutBucketPolicy" && on.bucket === name))
        this.bucketPolicies.set(name, await trusting.policy(name));
    }
  }

  /** Remembers which of the instances that the settings name exist. */
  private async findInstances(ids: readonly string[]): Promise<void> {
    for (const id of new Set(ids)) {
      const describe = new DescribeInstancesCommand({ InstanceIds: [id] });
      const found = await new EC2Client(this.administrator("trusting")).send(describe).catch(() => undefined);
      if (found) this.instances.set(id, id);
    }
  }

  private async launchInstance({ name, tag }: InstanceFixture): Promise<void> {
    if (this.instances.has(name)) return;
    const tags = tag ? [{ Key: tag.key, Value: tag.value }] : [];
    this.instances.set(name, await this.runInstance("trusting", tags));
  }

  private async launchMachine({ name, instanceProfile }: MachinePersona): Promise<void> {
    if (!this.instances.has(name))
      this.instances.set(name, await this.runInstance("trusted", [], instanceProfile));
  }

  private async runInstance(
    side: Side,
    tags: readonly { Key: string; Value: string }[],
    instanceProfile?: string,
  ): Promise<string> {
    const { Instances } = await new EC2Client(this.administrator(side)).send(
      new RunInstancesCommand({
        ImageId: "ami-12345678",
        InstanceType: "t3.nano",
        MinCount: 1,
        MaxCount: 1,
        TagSpecifications: [{ ResourceType: "instance", Tags: [...tags, { Key: "check", Value: this.run }] }],
        ...(instanceProfile && { IamInstanceProfile: { Name: instanceProfile } }),
      }),
    );
    const id = Instances![0]!.InstanceId!;
    this.launched[side].push(id);
    return id;
  }

  private fixtureValue(value: Fixture): string {
    switch (value.fixture) {
      case "bucket":
        return `check-${this.run}-${value.name}`;
      case "parameter":
        return this.otherParameter;
      case "queue":
        return this.ownQueueUrl;
      case "instance": {
        const id = this.instances.get(value.name);
        if (id) return id;
        throw new SkippedCheck("launches instances only where the endpoint is not AWS");
      }
    }
  }

  private instanceOf(id: string): string {
    if (this.instances.has(id)) return id;
    throw new SkippedCheck(`the account has no instance ${id}`);
  }

  private outputOf(scenario: string, { output }: OutputValue): string {
    const value = this.deployment.outputs[scenario]?.[output];
    if (value) return value;
    throw new SkippedCheck(
      `the stack has no output ${output}: the account that gives it is not managed here`,
    );
  }

  /** The other account has no profile that can prepare anything there: only the roles are asked for. */
  private get isOneSided(): boolean {
    return this.deployment.settings.manages.length < 2;
  }

  private get otherParameter(): string {
    return `${CHECK_PATH}${this.run}`;
  }

  private isReachable(home: Home): boolean {
    const { settings, profiles } = this.deployment;
    if (home === "trusting" || home === "trusted") return settings.manages.includes(home);
    return this.endpoints.has(profiles[home]);
  }

  private endpointOf(home: Home): string | undefined {
    return this.endpoints.get(this.deployment.profiles[home]);
  }

  private caller(home: Home): Omit<Caller, "credentials"> {
    const endpoint = this.endpointOf(home);
    return {
      region: this.deployment.settings.region,
      ...(endpoint !== undefined && { endpoint }),
      ...(areDetailsShown() && { logger: requestLogger }),
    };
  }

  /** What the machine's metadata service gives, read as any program on the machine reads it. */
  private async machineCredentials(machine: MachinePersona) {
    const { endpoint } = this;
    if (endpoint === undefined) return this.ownMetadata(machine);
    const url = new URL(`/_sandbox/metadata?instanceId=${this.instances.get(machine.name)}`, endpoint);
    const answer = await fetch(url, { method: "POST" });
    if (!answer.ok)
      throw new SkippedCheck(`the endpoint ${endpoint} has no instance metadata (HTTP ${answer.status})`);
    process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT = ((await answer.json()) as { url: string }).url;
    return fromInstanceMetadata()();
  }

  /** What this machine's own metadata service gives, if it is the machine. */
  private async ownMetadata({ instanceProfile }: MachinePersona) {
    try {
      const credentials = await fromInstanceMetadata({ timeout: 1000, maxRetries: 0 })();
      const sts = new STSClient({ ...this.caller("trusted"), credentials });
      const { Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
      if (Arn.includes(`:assumed-role/${instanceProfile}/`)) return credentials;
    } catch {}
    throw new SkippedCheck(
      `must be asked on an instance with the instance profile ${instanceProfile}: run it there`,
    );
  }
}

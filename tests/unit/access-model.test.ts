import assert from "node:assert/strict";
import { formatBaseline, formatFacts, parseBaseline } from "../../tools/access/baseline";
import { readState, type StateResource } from "../../tools/access/state";

const ACCOUNTS = { "000000000002": "trusting", "000000000001": "trusted" };
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" };

const provider = (name: string, account: string): StateResource => ({
  urn: `urn:pulumi:dev::p::pulumi:providers:aws::${name}`,
  type: "pulumi:providers:aws",
  id: `${name}-id`,
  inputs: { allowedAccountIds: JSON.stringify([account]) },
});
const PROVIDERS = [provider("prod", "000000000002"), provider("dev", "000000000001")];

/** A resource of the trusting account; of the trusted one where `side` says so. */
const resource = (
  type: string,
  name: string,
  inputs: Record<string, unknown>,
  { side = "prod", ...others }: Partial<StateResource> & { side?: "prod" | "dev" } = {},
): StateResource => ({
  urn: `urn:pulumi:dev::p::${type}::${name}`,
  type,
  id: name,
  custom: true,
  provider: `urn:pulumi:dev::p::pulumi:providers:aws::${side}::${side}-id`,
  inputs,
  ...others,
});
const linesOf = (...resources: StateResource[]) =>
  formatFacts(readState([...PROVIDERS, ...resources], ACCOUNTS).facts);
const documentOf = (...Statement: object[]) => JSON.stringify({ Version: "2012-10-17", Statement });
const role = (name: string, inputs: Record<string, unknown> = {}) =>
  resource("aws:iam/role:Role", name, { name, assumeRolePolicy: documentOf(), ...inputs });

describe("the access model", () => {
  it("reads trust, permissions, attachments, boundary and session of a role", () => {
    const trust = {
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::000000000001:root" },
      Action: "sts:AssumeRole",
      Condition: { Bool: { "aws:MultiFactorAuthPresent": true } },
    };
    assert.deepEqual(
      linesOf(
        role("R", {
          assumeRolePolicy: documentOf(trust),
          maxSessionDuration: 7200,
          permissionsBoundary: "arn:aws:iam::000000000002:policy/limit",
          managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        }),
        resource("aws:iam/rolePolicy:RolePolicy", "R-permissions", {
          role: "R",
          policy: documentOf({
            Effect: "Deny",
            Action: "s3:*",
            NotResource: ["arn:aws:s3:::a", "arn:aws:s3:::b"],
          }),
        }),
        resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "more", {
          role: "R",
          policyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
        }),
      ),
      [
        "trusting | role R | exists",
        "trusting | role R | refuses | - | s3:* | except arn:aws:s3:::a, arn:aws:s3:::b | -",
        "trusting | role R | sets | attached policy | arn:aws:iam::aws:policy/AdministratorAccess",
        "trusting | role R | sets | attached policy | arn:aws:iam::aws:policy/ReadOnlyAccess",
        "trusting | role R | sets | longest session in seconds | 7200",
        "trusting | role R | sets | permissions boundary | arn:aws:iam::000000000002:policy/limit",
        "trusting | role R | trusts | 000000000001 | sts:AssumeRole | - | Bool aws:MultiFactorAuthPresent = true",
      ],
    );
  });

  it("finds documents by shape, in types that it has no rule for", () => {
    const share = { Effect: "Allow", Principal: "*", Action: "new:Use", Resource: "*" };
    assert.deepEqual(
      linesOf(
        resource("aws:new/thing:Thing", "t", {
          size: 3,
          nested: [{ access: documentOf(share), label: "x" }],
          object: { Version: "2012-10-17", Statement: { ...share, Effect: "Deny" } },
        }),
      ),
      [
        "trusting | thing t | allows | * | new:Use | * | -",
        "trusting | thing t | exists",
        "trusting | thing t | refuses | * | new:Use | * | -",
        'trusting | thing t | sets | nested | "{\\u0022label\\u0022:\\u0022x\\u0022}"',
        "trusting | thing t | sets | size | 3",
      ],
    );
  });

  it("shows a property of a known type that it has no rule for", () => {
    const [line] = linesOf(role("R", { newProperty: { deep: [2, 1] } })).filter((text) =>
      text.includes("new"),
    );
    assert.equal(line, "trusting | role R | sets | newProperty.deep | 1");
  });

  it("says what cannot be read, and shows no secret", () => {
    assert.deepEqual(
      linesOf(
        resource("aws:sns/topicPolicy:TopicPolicy", "p", {
          arn: "arn:aws:sns:r:000000000002:t",
          policy: SECRET,
        }),
        resource("aws:new/thing:Thing", "t", { password: SECRET }),
      ),
      [
        "trusting | thing t | exists",
        "trusting | thing t | sets | password | (secret)",
        "trusting | topic t | sets | policy | (cannot be read)",
      ],
    );
  });

  it("keeps what is no statement that AWS documents, as it is written", () => {
    const wrong = [
      { Effect: "Permit", Action: "s3:*" },
      { Effect: "Allow", Action: "s3:*", Extra: 1 },
      { Effect: "Allow", Action: "s3:*", NotAction: "iam:*" },
      { Effect: "Allow", Action: { a: 1 } },
      { Effect: "Allow", Action: "s3:*", Condition: { Bool: "true" } },
    ];
    const lines = linesOf(
      resource("aws:iam/groupPolicy:GroupPolicy", "p", { group: "g", policy: documentOf(...wrong) }),
    );
    assert.equal(lines.filter((line) => line.includes("| sets | policy as written | ")).length, wrong.length);
  });

  it("tells a variable from the same text in a policy of the older version", () => {
    const statement = {
      Effect: "Allow",
      Action: "s3:GetObject",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of AWS
      Resource: "arn:aws:s3:::b/${aws:username}/*",
    };
    const lines = ["2012-10-17", "2008-10-17"].map((Version) =>
      linesOf(
        resource("aws:iam/groupPolicy:GroupPolicy", "p", {
          group: "g",
          policy: JSON.stringify({ Version, Statement: statement }),
        }),
      ).join(),
    );
    assert.match(lines[0]!, /b\/\$\{aws:username\}/);
    assert.match(lines[1]!, /b\/\$\{\$\}\{aws:username\}/);
  });

  it("names what AWS has drawn by what it identifies, so that it is the same on every machine", () => {
    const deployed = (id: string, port: number) =>
      linesOf(
        resource("aws:apigateway/restApi:RestApi", "api", { name: "shared" }, { id }),
        resource("aws:apigateway/restApiPolicy:RestApiPolicy", "api-policy", {
          restApiId: id,
          policy: documentOf({
            Effect: "Allow",
            Principal: { AWS: "000000000001" },
            Action: "execute-api:Invoke",
            Resource: `arn:aws:execute-api:r:000000000002:${id}/v1/GET/x`,
          }),
        }),
        resource(
          "aws:sqs/queue:Queue",
          "q",
          { name: "shared" },
          { id: `http://127.0.0.1:${port}/000000000002/shared` },
        ),
        resource("aws:sqs/queuePolicy:QueuePolicy", "q-policy", {
          queueUrl: `http://127.0.0.1:${port}/000000000002/shared`,
          policy: documentOf({ Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*" }),
        }),
        resource("aws:iam/role:Role", "auto", {
          __defaults: ["name"],
          name: `auto-${id}`,
          assumeRolePolicy: documentOf(),
        }),
        resource("aws:iam/rolePolicy:RolePolicy", "auto-policy", {
          __defaults: ["name"],
          name: `auto-policy-${id}`,
          role: `auto-${id}`,
          policy: documentOf({
            Effect: "Allow",
            Action: "sts:AssumeRole",
            Resource: `arn:aws:iam::000000000002:role/auto-${id}`,
          }),
        }),
      );
    const lines = deployed("bedl4cpp7x", 1234);
    assert.deepEqual(lines, deployed("zzzz4cpp7x", 4321));
    assert.deepEqual(
      lines.filter((line) => line.includes("allows")),
      [
        "trusting | API shared | allows | 000000000001 | execute-api:Invoke | arn:aws:execute-api:r:000000000002:<API:shared>/v1/GET/x | -",
        "trusting | queue shared | allows | * | sqs:SendMessage | * | -",
        "trusting | role auto | allows | - | sts:AssumeRole | arn:aws:iam::000000000002:role/<role:auto> | -",
      ],
    );
  });

  it("tells two resources of one name apart", () => {
    const api = (name: string, account: string) =>
      resource(
        "aws:apigateway/restApi:RestApi",
        name,
        {
          name: "shared",
          policy: documentOf({ Effect: "Allow", Principal: { AWS: account }, Action: "execute-api:Invoke" }),
        },
        { id: `${name}1234567` },
      );
    const lines = linesOf(api("one", "000000000001"), api("two", "000000000003"));
    assert.deepEqual(
      lines.filter((line) => line.includes("allows")),
      [
        "trusting | API shared (one) | allows | 000000000001 | execute-api:Invoke | - | -",
        "trusting | API shared (two) | allows | 000000000003 | execute-api:Invoke | - | -",
      ],
    );
  });

  it("shows tags only where a policy asks for them", () => {
    const tagged = role("R", { tags: { team: "a" } });
    const asks = resource("aws:iam/groupPolicy:GroupPolicy", "p", {
      group: "g",
      policy: documentOf({
        Effect: "Allow",
        Action: "sts:AssumeRole",
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/team": "a" } },
      }),
    });
    const isTag = (line: string) => line.includes("tags.team");
    assert.equal(linesOf(tagged).some(isTag), false);
    assert.equal(linesOf(tagged, asks).some(isTag), true);
  });

  it("reads who may call each method of an API", () => {
    const body = (security: object[]) =>
      JSON.stringify({
        openapi: "3.0.1",
        components: {
          securitySchemes: { iam: { type: "apiKey", "x-amazon-apigateway-authtype": "awsSigv4" } },
        },
        paths: { "/x": { get: { security } } },
      });
    const callers = (security: object[]) =>
      linesOf(resource("aws:apigateway/restApi:RestApi", "a", { name: "a", body: body(security) })).find(
        (line) => line.includes("callers of GET /x"),
      );
    assert.match(callers([{ iam: [] }])!, /type apiKey, x-amazon-apigateway-authtype awsSigv4$/);
    assert.match(callers([])!, /\| anyone$/);
  });

  it("reads a permission of a function as the grant that it is", () => {
    assert.deepEqual(
      linesOf(
        resource("aws:lambda/permission:Permission", "p", {
          function: "f",
          action: "lambda:InvokeFunction",
          principal: "s3.amazonaws.com",
          sourceArn: "arn:aws:s3:::b",
          functionUrlAuthType: "NONE",
        }),
      ),
      [
        "trusting | function f | allows | Service:s3.amazonaws.com | lambda:InvokeFunction | - | ArnLike aws:SourceArn = arn:aws:s3:::b",
        "trusting | function f | sets | functionUrlAuthType | NONE",
      ],
    );
  });

  it("leaves out what was only looked up, and names an account that no setting names by its ID", () => {
    const found = resource("aws:iam/group:Group", "g", { name: "g" }, { external: true });
    const [outside] = [provider("outside", "000000000009")];
    const there = {
      ...resource("aws:iam/group:Group", "h", { name: "h" }),
      provider: `${outside.urn}::${outside.id}`,
    };
    assert.deepEqual(linesOf(found, outside, there), ["000000000009 | group h | exists"]);
  });

  it("writes a baseline that can be read back", () => {
    const { facts } = readState(
      [
        ...PROVIDERS,
        role('odd | name, "quoted" \u202e', {
          assumeRolePolicy: documentOf({
            Effect: "Allow",
            NotPrincipal: { Service: ["a.amazonaws.com", "with blank"] },
            NotAction: ["sts:*", "except x"],
            Condition: { StringLike: { "k = v; x": ["a, b", "-", "", "|"] }, Null: { key: [] } },
          }),
        }),
      ],
      ACCOUNTS,
    );
    const text = formatBaseline("dev", facts);
    assert.match(text, /^[\n -~]*$/, "nothing that a reader cannot see");
    assert.equal(formatBaseline("dev", parseBaseline(text)), text);
    assert.throws(() => parseBaseline("# ok\ntrusting | role R | may | x"), /^Error: line 2: /);
  });
});

import { UNKNOWN } from "../analyzer";
import { BLOCKED, type Case, documentOf, statement } from "../case";

const STACK = "aws:cloudformation/stack:Stack";
const REPORTED = "known-at-preview advisory: …";
const json = JSON.stringify;

/** A stack whose template declares one resource. */
const declares = (Type: string, Properties: object, more: object = {}): Pick<Case, "type" | "props"> => ({
  type: STACK,
  props: {
    templateBody: json({ ...more, Resources: { A: { Type, Properties }, Role: { Type: "AWS::IAM::Role" } } }),
  },
});
const bare = (Principal: unknown, more?: object): Pick<Case, "type" | "props"> =>
  declares("AWS::Lambda::Permission", { Principal }, more);
const holds = (PolicyDocument: unknown, more?: object): Pick<Case, "type" | "props"> =>
  declares("AWS::SNS::TopicPolicy", { PolicyDocument }, more);
const lets = (AWS: unknown, more?: object): Pick<Case, "type" | "props"> =>
  holds(documentOf(statement({ Principal: { AWS } })), more);
const given = (one: Pick<Case, "type" | "props">, parameters: unknown): Pick<Case, "type" | "props"> => ({
  ...one,
  props: { ...one.props, parameters },
});
const templateOf = ({ props }: Pick<Case, "props">): unknown => Object(props).templateBody;
/** A template whose stack set declares the template `one`, with these properties beside it. */
const inSet = (one: Pick<Case, "type" | "props">, more: object): Pick<Case, "type" | "props"> =>
  declares("AWS::CloudFormation::StackSet", { TemplateBody: templateOf(one), ...more });
const WHO = { Parameters: { Who: { Type: "String" } } };
const DEFAULT = { Parameters: { Who: { Type: "String", Default: "*" } } };
const MAP = { Mappings: { M: { a: { open: "*", closed: "111122223333" }, b: { open: "*", closed: "1" } } } };
const sub = (text: string): string => text.replace(/[{]/g, "${");
const TEXT = '{"Statement":[{"Effect":"Allow","Principal":PRINCIPAL,"Resource":"';
/** A document as CDK writes one that has a reference in it. */
const joined = (principal: string): object => ({
  "Fn::Join": ["", [TEXT.replace("PRINCIPAL", principal), { "Fn::GetAtt": ["Role", "Arn"] }, '"}]}']],
});
const condition = (Condition: object): Pick<Case, "type" | "props" | "config"> => ({
  ...holds(documentOf(statement({ Principal: "*", Condition }))),
  config: { "no-wildcard-principals": { acceptedConditions: { "aws:SourceAccount": [] } } },
});

const blocked: Record<string, Pick<Case, "type" | "props">> = {
  "a wildcard that a bare principal may be": bare({ "Fn::If": ["C", "*", "111122223333"] }),
  "a wildcard that a bare principal may be otherwise": bare({ "Fn::If": ["C", "111122223333", "*"] }),
  "a bare principal substituted by nothing": bare({ "Fn::Sub": "*" }),
  "a bare principal's parameter that is a wildcard by default": bare({ Ref: "Who" }, DEFAULT),
  "a bare principal's mapping to a wildcard": bare({ "Fn::FindInMap": ["M", "a", "open"] }, MAP),
  "a wildcard split into a list": declares("AWS::EC2::VPCEndpointServicePermissions", {
    AllowedPrincipals: { "Fn::Split": [",", "111122223333,*"] },
  }),
  "a wildcard selected from a list": bare({ "Fn::Select": [1, ["111122223333", "*"]] }),
  "a wildcard selected by an index that is not known": bare({ "Fn::Select": [{ Ref: "I" }, ["1", "*"]] }),
  "a wildcard selected from a list that may be": bare({
    "Fn::Select": [0, { "Fn::If": ["C", ["111122223333"], ["*"]] }],
  }),
  "a mapping's default for what is not there": lets(
    { "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "closed", { DefaultValue: "*" }] },
    MAP,
  ),
  "a mapping's default for a name that every object has": lets(
    { "Fn::FindInMap": ["M", "a", "constructor", { DefaultValue: "*" }] },
    { Mappings: { M: { a: { closed: "111122223333" } } } },
  ),
  "an inner stack set's own default": given(inSet(lets({ Ref: "Who" }, DEFAULT), {}), {
    Who: "111122223333",
  }),
  "an inner stack set's parameter": inSet(lets({ Ref: "Who" }, WHO), {
    Parameters: [{ ParameterKey: "Who", ParameterValue: "*" }],
  }),
  "a parameter of a stack set asked of Cloud Control": {
    type: "aws:cloudcontrol/resource:Resource",
    props: {
      typeName: "AWS::CloudFormation::StackSet",
      desiredState: json({
        TemplateBody: templateOf(lets({ Ref: "Who" }, WHO)),
        Parameters: [{ ParameterKey: "Who", ParameterValue: "*" }],
      }),
    },
  },
  "a parameter that some of a stack set's instances override": {
    type: "aws-native:cloudformation:StackSet",
    props: {
      ...lets({ Ref: "Who" }, WHO).props,
      parameters: [{ parameterKey: "Who", parameterValue: "111122223333" }],
      stackInstancesGroup: [{ parameterOverrides: [{ parameterKey: "Who", parameterValue: "*" }] }],
    },
  },
  "a public ACL that may be chosen": declares("AWS::S3::Bucket", {
    AccessControl: { "Fn::If": ["C", "PublicRead", "Private"] },
  }),
  "a public function URL that may be chosen": declares("AWS::Lambda::Url", {
    AuthType: { "Fn::If": ["C", "NONE", "AWS_IAM"] },
  }),
  "a parameter that is a wildcard by default": lets({ Ref: "Who" }, DEFAULT),
  "a parameter that is given a wildcard": given(lets({ Ref: "Who" }, WHO), { Who: "*" }),
  "a stack set's parameter that is given a wildcard": {
    ...given(lets({ Ref: "Who" }, WHO), [{ parameterKey: "Who", parameterValue: "*" }]),
    type: "aws-native:cloudformation:StackSet",
  },
  "a wildcard in a mapping": lets({ "Fn::FindInMap": ["M", "a", "open"] }, MAP),
  "a wildcard in a mapping by region": lets({ "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "open"] }, MAP),
  "a wildcard in a parameter within a text": lets({ "Fn::Sub": sub("arn:aws:iam::{Who}:root") }, DEFAULT),
  "a wildcard in a text's own variable": lets({ "Fn::Sub": [sub("{Own}"), { Own: "*" }] }),
  "a wildcard that a text's own variable may be": lets({
    "Fn::Sub": [sub("{Own}"), { Own: { "Fn::If": ["C", "1", "*"] } }],
  }),
  "the first of two parameters": lets([{ Ref: "Who" }, { Ref: "AWS::AccountId" }], DEFAULT),
  "a parameter beside a text's own variable": lets(
    { "Fn::Sub": [sub("{Who}:{Own}"), { Own: "root" }] },
    DEFAULT,
  ),
  "a document as joined text": holds(joined('"*"')),
  "a document as text joined of odd parts": holds({
    "Fn::Join": ["", ["{", TEXT.slice(1).replace("PRINCIPAL", '"*"'), '"}]}']],
  }),
  "a document as substituted text": holds({
    "Fn::Sub": `${TEXT.replace("PRINCIPAL", '"*"')}\${Role.Arn}"}]}`,
  }),
  "a document turned into text": holds({ "Fn::ToJsonString": documentOf(statement({ Principal: "*" })) }),
  "an effect that may be Deny": holds(
    documentOf(statement({ Principal: "*", Effect: { "Fn::If": ["C", "Deny", "Allow"] } })),
  ),
  "a statement that may be left out": holds({
    Statement: { "Fn::If": ["C", statement({ Principal: "*" }), { Ref: "AWS::NoValue" }] },
  }),
};

const reported: Record<string, Pick<Case, "type" | "props">> = {
  "a parameter without value": lets({ Ref: "Who" }, WHO),
  "a parameter given a value not known yet": given(lets({ Ref: "Who" }, DEFAULT), { Who: UNKNOWN }),
  "a parameter while none is known": given(lets({ Ref: "Who" }, DEFAULT), UNKNOWN),
  "a parameter of Systems Manager": lets(
    { Ref: "Who" },
    { Parameters: { Who: { Type: "AWS::SSM::Parameter::Value<String>", Default: "/who" } } },
  ),
  "a parameter in a document as text": holds(
    { "Fn::Sub": `${TEXT.replace("PRINCIPAL", sub('"{Who}"'))}"}]}` },
    WHO,
  ),
  "a parameter for a whole part of a document as text": holds(
    { "Fn::Sub": `${TEXT.replace("PRINCIPAL", sub("{Who}"))}"}]}` },
    WHO,
  ),
  "a parameter that is the whole document": holds({ Ref: "Who" }, WHO),
  "an attribute that is the whole document": holds({ "Fn::GetAtt": "Macro.Document" }),
  "a bare parameter": bare({ Ref: "Who" }, WHO),
  "a bare parameter in a list": declares(
    "AWS::EC2::VPCEndpointServicePermissions",
    { AllowedPrincipals: [{ Ref: "Who" }] },
    WHO,
  ),
  "a mapping without values": bare({ "Fn::FindInMap": ["M", "a", "open"] }, { Mappings: { M: { a: null } } }),
  "a mapping that is not there": bare({ "Fn::FindInMap": "M" }, { Mappings: 1 }),
  "a joined text of what is no text": lets({ "Fn::Join": [":", ["arn", { a: 1 }]] }),
};

const passes: Record<string, Pick<Case, "type" | "props">> = {
  "an effect that a parameter sets to Deny": given(
    holds(documentOf(statement({ Principal: "*", Effect: { Ref: "Effect" } })), {
      Parameters: { Effect: { Type: "String" } },
    }),
    { Effect: "Deny" },
  ),
  "a property that is called as a template's": {
    type: "aws:resourcegroups/group:Group",
    props: { Resources: { Who: { Type: "AWS::S3::Bucket" } } },
  },
  "a choice of accounts": bare({ "Fn::If": ["C", "111122223333", { Ref: "AWS::AccountId" }] }),
  "a parameter given an account in place of a wildcard": given(lets({ Ref: "Who" }, DEFAULT), {
    Who: "111122223333",
  }),
  "an account in a mapping": lets({ "Fn::FindInMap": ["M", "a", "closed"] }, MAP),
  "a mapping's default where what is meant is there": lets(
    { "Fn::FindInMap": ["M", "a", "closed", { DefaultValue: "*" }] },
    MAP,
  ),
  "a parameter that an inner stack set sets": inSet(lets({ Ref: "Who" }, DEFAULT), {
    Parameters: [{ ParameterKey: "Who", ParameterValue: "111122223333" }],
  }),
  "an override of another parameter": {
    type: "aws-native:cloudformation:StackSet",
    props: {
      ...given(lets({ Ref: "Who" }, WHO), [{ parameterKey: "Who", parameterValue: "111122223333" }]).props,
      stackInstancesGroup: [{ parameterOverrides: [{ parameterKey: "Other", parameterValue: "*" }] }],
    },
  },
  "an account selected from a list with a wildcard": bare({ "Fn::Select": ["0", ["111122223333", "*"]] }),
  "a resource of the template by name": lets({ Ref: "Role" }),
  "an attribute as a list of names": lets({ "Fn::GetAtt": ["Role", "Arn"] }),
  "a clean document as joined text": holds(joined('{"Service":"es.amazonaws.com"}')),
  "a principal that may be left out": lets({ "Fn::If": ["C", "111122223333", { Ref: "AWS::NoValue" }] }),
  "a value selected from what is no list": bare({ "Fn::Select": [0, "111122223333"] }),
  "a text's own variable": lets({
    "Fn::Sub": [sub("arn:aws:iam::{Own}:root"), { Own: { Ref: "AWS::AccountId" } }],
  }),
};

/** What the references of a template stand for. */
export const templates: Case[] = [
  ...Object.entries(blocked).map(
    ([name, one]): Case => ({ name: `${name} is blocked`, ...one, expect: [BLOCKED] }),
  ),
  ...Object.entries(reported).map(
    ([name, one]): Case => ({ name: `${name} is reported`, ...one, expect: [REPORTED] }),
  ),
  ...Object.entries(passes).map(([name, one]): Case => ({ name: `${name} passes`, ...one, expect: [] })),
  {
    name: "a document below a function not known here is blocked, and its result reported",
    ...holds({ "Fn::Transform": documentOf(statement({ Principal: "*" })) }),
    expect: [BLOCKED, REPORTED],
  },
  {
    name: "a joined text keeps what stands between",
    ...lets({ "Fn::Join": [":", ["arn", "aws", "iam", "", { "Fn::If": ["C", "1", "2"] }, "role/*"]] }),
    expect: [`${BLOCKED}"arn:aws:iam::1:role/*"`],
  },
  {
    name: "a template's fixed value in a condition narrows",
    ...condition({ StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } }),
    expect: [],
  },
  {
    name: "a choice of fixed values in a condition narrows",
    ...condition({
      StringEquals: { "aws:SourceAccount": [{ "Fn::If": ["C", "111122223333", "444455556666"] }] },
    }),
    expect: [],
  },
  {
    name: "a condition that may be left out does not narrow",
    ...condition({
      StringEquals: { "aws:SourceAccount": { "Fn::If": ["C", "111122223333", { Ref: "AWS::NoValue" }] } },
    }),
    expect: [BLOCKED],
  },
  {
    name: "a source beside a bare principal narrows by a template's own account",
    ...declares("AWS::Lambda::Permission", { Principal: "*", SourceAccount: { Ref: "AWS::AccountId" } }),
    config: { "no-wildcard-principals": { acceptedConditions: { "aws:SourceAccount": [] } } },
    expect: [],
  },
  {
    name: "the report on a template says that a parameter without value is never judged",
    ...lets({ Ref: "Who" }, WHO),
    expect: [`${REPORTED}a parameter without value, an import) is never judged…the value itself`],
  },
  {
    name: "a template that hides its types in YAML's escapes is judged",
    type: STACK,
    props: {
      templateBody:
        'Resources:\n  A:\n    Type: "AWS\\x3a:Lambda::Permission"\n    Properties: { Principal: "*" }',
    },
    expect: [`${BLOCKED}Properties.Principal`],
  },
  {
    name: "a broken template is advised to be written in YAML or JSON",
    type: STACK,
    props: { templateBody: "Resources: [: {" },
    expect: [`${BLOCKED}it is neither JSON nor YAML…Write instead: a template in valid YAML or JSON`],
  },
  {
    name: "an API's broken OpenAPI document is reported",
    type: "aws:apigateway/restApi:RestApi",
    props: { body: "openapi: [: {" },
    expect: [`${BLOCKED}property body: …it is neither JSON nor YAML`],
  },
  {
    name: "an API's OpenAPI document with a policy, too long to be read, is reported",
    type: "aws:apigateway/restApi:RestApi",
    props: { body: `x-amazon-apigateway-policy: {}\n${"#".repeat(300_000)}` },
    expect: [`${BLOCKED}too long to be read here`],
  },
  {
    name: "an API's long OpenAPI document without policy passes",
    type: "aws:apigateway/restApi:RestApi",
    props: { body: `openapi: 3.0.1\n${"#".repeat(300_000)}` },
    expect: [],
  },
  {
    name: "text that is no template passes",
    type: STACK,
    props: { templateBody: "to be written" },
    expect: [],
  },
];

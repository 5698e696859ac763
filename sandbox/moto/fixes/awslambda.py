import json
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError, UnknownPolicyException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.moto_api._internal import mock_random

# Functions do not run, and answer what one that does nothing answers. Event source mappings deliver nothing, so nothing
# arrives where no policy was asked.
for name in ("send_sqs_batch", "send_kinesis_message", "send_sns_message", "send_dynamodb_items", "send_log_event"):
    setattr(LambdaBackend, name, lambda *args, **kwargs: False)
LambdaFunction.invoke = lambda *args, **kwargs: "null"

# A function can use the layer of another account.
LambdaBackend.layers_versions_by_arn = lambda self, arn: lambda_backends[arn.split(":")[4]][
    self.region_name
]._layers.get_layer_version_by_arn(arn)

# A function has a policy, and so has each of its versions and aliases; a permission is one statement of it:
# https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
CONDITIONS = {
    "EventSourceToken": ("StringEquals", "lambda:EventSourceToken"),
    "FunctionUrlAuthType": ("StringEquals", "lambda:FunctionUrlAuthType"),
    "InvokedViaFunctionUrl": ("Bool", "lambda:InvokedViaFunctionUrl"),
    "OrganizationId": ("StringEquals", "aws:PrincipalOrgID"),
    "PrincipalOrgID": ("StringEquals", "aws:PrincipalOrgID"),
    "SourceAccount": ("StringEquals", "AWS:SourceAccount"),
    "SourceArn": ("ArnLike", "AWS:SourceArn"),
}


def arn_of(policy, qualifier):
    arn = getattr(policy.parent, "function_arn", None) or policy.parent.arn
    return f"{arn}:{qualifier}" if qualifier else arn


def principal_of(named, partition):
    if named == "*":
        return named
    if named.isdigit():
        return {"AWS": f"arn:{partition}:iam::{named}:root"}
    return {"AWS" if named.startswith("arn:") else "Service": named}


def check_revision(policy, revision):
    if revision and revision != policy.revision:
        message = "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id"
        error = LambdaClientError("PreconditionFailedException", message)
        error.code = 412
        raise error


def add_statement(self, raw, qualifier=None):
    given = json.loads(raw)
    check_revision(self, given.get("RevisionId"))
    resource = arn_of(self, qualifier)
    sid = given["StatementId"]
    if any(known["Sid"] == sid and known["Resource"] == resource for known in self.statements):
        message = f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement."
        error = LambdaClientError("ResourceConflictException", message)
        error.code = 409
        raise error
    statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal_of(given["Principal"], resource.split(":")[1]),
        "Action": given["Action"],
        "Resource": resource,
    }
    for parameter, (operator, key) in CONDITIONS.items():
        if given.get(parameter) is not None:
            value = given[parameter]
            conditions = statement.setdefault("Condition", {}).setdefault(operator, {})
            conditions[key] = str(value).lower() if isinstance(value, bool) else value
    self.statements.append(statement)
    self.revision = str(mock_random.uuid4())
    return statement, self.revision


def get_policy_of_version(self, function_name, qualifier=None):
    policy = self.get_function(function_name, qualifier).policy
    shown = Policy(policy.parent)
    shown.revision = policy.revision
    resource = arn_of(policy, qualifier)
    shown.statements = [statement for statement in policy.statements if statement["Resource"] == resource]
    return shown.wire_format()


def remove_permission(self):
    *_, name, _policy, sid = self.path.split("/")
    qualifier = self.querystring.get("Qualifier", [None])[0]
    policy = self.backend.get_function(unquote(name), qualifier).policy
    check_revision(policy, self.querystring.get("RevisionId", [None])[0])
    resource = arn_of(policy, qualifier)
    kept = [known for known in policy.statements if (known["Sid"], known["Resource"]) != (sid, resource)]
    if len(kept) == len(policy.statements):
        raise UnknownPolicyException()
    policy.statements[:] = kept
    policy.revision = str(mock_random.uuid4())
    return 204, {"status": 204}, ""


Policy.add_statement = add_statement
LambdaBackend.get_policy = get_policy_of_version
LambdaResponse.remove_permission = remove_permission

"""Runs moto's server, fixed where moto 5.2.5 does otherwise than AWS documents."""

import contextlib
import hmac
import json
import os
import re
import sys
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from urllib.parse import unquote
from xml.sax.saxutils import escape

import xmltodict
from flask import request
from moto import backends
from moto.apigateway.models import APIGatewayBackend, RestAPI
from moto.awslambda.exceptions import LambdaClientError, UnknownPolicyException
from moto.awslambda.models import LambdaBackend, LambdaFunction, lambda_backends
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import EmptyResult
from moto.efs.exceptions import FileSystemNotFound
from moto.efs.models import EFSBackend
from moto.efs.responses import EFSResponse
from moto.events.models import EventBus, EventBusPolicyStatement, Rule
from moto.iam.access_control import PermissionResult
from moto.iam.models import Group, IAMBackend, InstanceProfile, Role, User
from moto.iam.policy_validation import BaseIAMPolicyValidator
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.kinesis.models import Consumer, KinesisBackend
from moto.kinesis.responses import KinesisResponse
from moto.logs.models import LogsBackend, LogStream, logs_backends
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response
from moto.moto_api._internal import mock_random
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import main
from moto.sns.models import Subscription
from moto.sqs.models import Queue
from werkzeug.serving import WSGIRequestHandler

# moto serves the gateway alone: it checks no signature.
SECRET = os.environ.pop("SANDBOX_SECRET", "")
dispatch = DomainDispatcherApplication.__call__


def dispatch_with_secret(self, environ, start_response):
    if SECRET and not hmac.compare_digest(environ.pop("HTTP_X_SANDBOX_SECRET", ""), SECRET):
        start_response("403 Forbidden", [("content-type", "text/plain")])
        return [b"Only the sandbox's gateway may ask.\n"]
    # moto's tables are not safe against concurrent change: one request per service at a time.
    with lock_of(environ.get("HTTP_AUTHORIZATION", "")):
        return dispatch(self, environ, start_response)


locks = defaultdict(threading.Lock)


def lock_of(authorization):
    scope = authorization.split("/", 4)
    return locks[scope[3] if len(scope) > 3 else ""]


DomainDispatcherApplication.__call__ = dispatch_with_secret

# moto lists its own folder anew for each request, and writes a line about each: a fifth of the time that it takes.
modules = frozenset(backends.list_of_moto_modules())
backends.list_of_moto_modules = lambda: modules
log_request = WSGIRequestHandler.log_request


def log_failed_request(self, code="-", size="-"):
    if str(code).startswith("5"):
        log_request(self, code, size)


WSGIRequestHandler.log_request = log_failed_request

# A topic delivers nothing by http, neither outside nor on this machine, and nothing to a queue that the gateway names.
publish = Subscription.publish


def publish_where_allowed(self, *args, **kwargs):
    refused = request.headers.get("x-sandbox-refused-subscriptions", "").split(",")
    if self.protocol == "sqs":
        # The queue may be of another account than the topic.
        self.account_id = self.endpoint.split(":")[4]
    if self.protocol not in ("http", "https") and self.arn not in refused:
        publish(self, *args, **kwargs)


Subscription.publish = publish_where_allowed


# S3 delivers to the targets that the gateway names, each in its own account.
def notify(arn, body):
    if arn not in request.headers.get("x-sandbox-open-targets", "").split(","):
        return
    _, _, service, region, account, name = arn.split(":", 5)
    if service == "sqs":
        notifications._send_sqs_message(account, body, name, region)
    elif service == "sns":
        notifications._send_sns_message(account, body, arn, region)
    else:
        notifications._invoke_awslambda(account, body, arn, region)


def send_event_where_allowed(account_id, event_name, bucket, key):
    configuration = bucket.notification_configuration
    if configuration is None:
        return
    for notification in configuration.topic + configuration.queue + configuration.cloud_function:
        if notification.matches(event_name, key.name):
            notify(notification.arn, notifications._get_s3_event(event_name, bucket, key, notification.id))
    if configuration.event_bridge is not None:
        notifications._send_event_bridge_message(account_id, bucket, event_name, key)


def send_test_event_where_allowed(account_id, bucket):
    configuration = bucket.notification_configuration
    for arn in {notification.arn for notification in configuration.topic + configuration.queue}:
        notify(arn, notifications._get_test_event(bucket.name))


notifications.send_event = send_event_where_allowed
notifications.send_test_event = send_test_event_where_allowed

# The gateway decides, by all that a policy says; moto would refuse what a Deny names, whatever its condition.
FakeBucket.get_permission = lambda self, action, resource: PermissionResult.PERMITTED

# A policy's version may be left out, or be 2008-10-17.
BaseIAMPolicyValidator._validate_version = lambda self: None

# The gateway asks for single users, roles, groups and policies after a change, not for the whole account.
get_account_details = IAMBackend.get_account_authorization_details


def get_named_details(self, policy_filter):
    details = get_account_details(self, policy_filter)
    names = request.headers.get("x-sandbox-entities")
    if names is None:
        return details
    named = json.loads(names)
    return {
        kind: [one for one in found if (one.arn if kind == "managed_policies" else one.name) in named.get(kind, [])]
        for kind, found in details.items()
    }


IAMBackend.get_account_authorization_details = get_named_details

# A set of tags may be empty.
S3Response._tagging_from_xml = lambda self: tags_of(xmltodict.parse(self.body)["Tagging"].get("TagSet"))


def tags_of(tag_set):
    tags = (tag_set or {}).get("Tag", [])
    return {tag["Key"]: tag["Value"] or "" for tag in (tags if isinstance(tags, list) else [tags])}


# Once versioning is suspended, moto would dispose of the file of a deletion's marker, which has none.
FakeDeleteMarker.dispose = lambda self: None

# Setting other attributes of a queue leaves its policy as it is.
set_attributes = Queue._set_attributes


def set_and_keep_policy(self, attributes, now=None):
    policy = getattr(self, "policy", None)
    set_attributes(self, attributes, now)
    if "Policy" not in attributes:
        self.policy = policy


Queue._set_attributes = set_and_keep_policy

# A mock integration needs neither address nor method.
put_integration = APIGatewayBackend.put_integration


def put_integration_without_address(self, *args, uri="", integration_method=None, **rest):
    return put_integration(self, *args, uri=uri, integration_method=integration_method, **rest)


# A method whose security scheme is awsSigv4 asks for IAM authorization.
put_rest_api = APIGatewayBackend.put_rest_api


def put_rest_api_with_authorization(self, function_id, api_doc, *args, **rest):
    api = put_rest_api(self, function_id, api_doc, *args, **rest)
    # After an overwrite the API has another root resource.
    api.root_resource_id = api.get_resource_for_path("/").id
    schemes = api_doc.get("components", {}).get("securitySchemes", {})
    iam = {name for name, one in schemes.items() if one.get("x-amazon-apigateway-authtype") == "awsSigv4"}
    for path, methods in api_doc["paths"].items():
        for verb, method in methods.items():
            if any(name in iam for scheme in method.get("security", []) for name in scheme):
                resource = api.get_resource_for_path(path)
                resource.resource_methods[verb.upper()].authorization_type = "AWS_IAM"
    return api


APIGatewayBackend.put_integration = put_integration_without_address
APIGatewayBackend.put_rest_api = put_rest_api_with_authorization

# The value of a patch is text: "false" is false.
apply_patch_operations = RestAPI.apply_patch_operations


def apply_patches_with_booleans(self, patch_operations):
    apply_patch_operations(self, patch_operations)
    for patch in patch_operations:
        if patch["path"] == "/disableExecuteApiEndpoint":
            self.disableExecuteApiEndpoint = patch.get("value") == "true"


RestAPI.apply_patch_operations = apply_patches_with_booleans

# The tags in a request to create a bucket are the bucket's.
bucket_response_put = S3Response._bucket_response_put


def bucket_response_put_with_tags(self, request, bucket_name, querystring):
    response = bucket_response_put(self, request, bucket_name, querystring)
    if not querystring and self.body:
        configuration = xmltodict.parse(self.body).get("CreateBucketConfiguration") or {}
        tags = tags_of(configuration.get("Tags"))
        if tags:
            self.backend.put_bucket_tagging(bucket_name, tags)
    return response


S3Response._bucket_response_put = bucket_response_put_with_tags


# A unique ID says what it belongs to: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
def with_unique_id(entity, prefix):
    init = entity.__init__

    def init_with_unique_id(self, *args, **kwargs):
        init(self, *args, **kwargs)
        self.id = generate_access_key_id_from_account_id(self.account_id, prefix, total_length=21)

    entity.__init__ = init_with_unique_id


for entity, prefix in ((User, "AIDA"), (Group, "AGPA"), (InstanceProfile, "AIPA")):
    with_unique_id(entity, prefix)

# A user has a permissions boundary, as a role has.
User.permissions_boundary_arn = None
User.permissions_boundary = Role.permissions_boundary
create_user = IamResponse.create_user


def create_user_with_boundary(self):
    response = create_user(self)
    self.backend.get_user(self._get_param("UserName")).permissions_boundary_arn = self._get_param("PermissionsBoundary")
    return response


def set_user_permissions_boundary(self):
    user = self.backend.get_user(self._get_param("UserName"))
    user.permissions_boundary_arn = self._get_param("PermissionsBoundary")
    return EmptyResult()


IamResponse.create_user = create_user_with_boundary
IamResponse.put_user_permissions_boundary = set_user_permissions_boundary
IamResponse.delete_user_permissions_boundary = set_user_permissions_boundary

# To change the length of a role's sessions alone leaves its description as it is.
update_role = IAMBackend.update_role


def update_role_and_keep_description(self, role_name, role_description, max_session_duration):
    kept = self.get_role(role_name).description if role_description is None else role_description
    return update_role(self, role_name, kept, max_session_duration)


IAMBackend.update_role = update_role_and_keep_description


# Both operations succeed where there is nothing to do.
def add_client_id(self):
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client_id = self._get_param("ClientID")
    if client_id not in provider.client_id_list:
        provider.client_id_list = [*provider.client_id_list, client_id]
    return EmptyResult()


def remove_client_id(self):
    provider = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    client_id = self._get_param("ClientID")
    provider.client_id_list = [known for known in provider.client_id_list if known != client_id]
    return EmptyResult()


IamResponse.add_client_id_to_open_id_connect_provider = add_client_id
IamResponse.remove_client_id_from_open_id_connect_provider = remove_client_id

# Functions do not run, and answer what one that does nothing answers. Rules, subscription filters and event source
# mappings deliver nothing, so nothing arrives where no policy was asked; of a rule's targets only its archive receives
# the events.
for name in ("send_sqs_batch", "send_kinesis_message", "send_sns_message", "send_dynamodb_items", "send_log_event"):
    setattr(LambdaBackend, name, lambda *args, **kwargs: False)
LambdaFunction.invoke = lambda *args, **kwargs: "null"
LogStream._send_log_events = lambda *args, **kwargs: None
send_to_targets = Rule.send_to_targets


def send_to_archive(self, *args, **kwargs):
    targets = self.targets
    self.targets = [target for target in targets if target["Arn"].endswith(":::")]
    try:
        send_to_targets(self, *args, **kwargs)
    finally:
        self.targets = targets


Rule.send_to_targets = send_to_archive

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

# A permission of an event bus replaces the one of the same statement ID, and a whole policy all of them; who is everyone
# is written as an asterisk: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
def add_event_bus_permission(self, statement_id, action, principal, condition):
    everyone = principal["AWS"].endswith("::*:root")
    self._statements[statement_id] = EventBusPolicyStatement(
        sid=statement_id,
        action=action,
        principal="*" if everyone else principal,
        condition=condition,
        resource=self.arn,
    )


class WrittenStatement(dict):
    describe = dict.copy


def set_event_bus_policy(self, policy):
    statements = policy["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    self._statements = {one.get("Sid", str(at)): WrittenStatement(one) for at, one in enumerate(listed)}


EventBus.add_permission = add_event_bus_permission
EventBus.add_policy = set_event_bus_policy

# A consumer's ARN ends with the time of its creation. It has a policy, too, and policies end with their stream.
init_consumer = Consumer.__init__


def init_consumer_with_time(self, *args, **kwargs):
    init_consumer(self, *args, **kwargs)
    self.consumer_arn += f":{int(self.created.timestamp())}"


Consumer.__init__ = init_consumer_with_time
get_kinesis_policy = KinesisBackend.get_resource_policy
delete_stream = KinesisBackend.delete_stream


def get_policy_of_stream_or_consumer(self, resource_arn):
    if "/consumer/" in resource_arn:
        return self.resource_policies.get(resource_arn, "{}")
    return get_kinesis_policy(self, resource_arn)


def delete_stream_and_policies(self, *args, **kwargs):
    stream = delete_stream(self, *args, **kwargs)
    for arn in [arn for arn in self.resource_policies if arn == stream.arn or arn.startswith(f"{stream.arn}/")]:
        del self.resource_policies[arn]
    return stream


KinesisBackend.get_resource_policy = get_policy_of_stream_or_consumer
KinesisBackend.delete_stream = delete_stream_and_policies

# The tags in a request to create a stream are the stream's.
create_stream = KinesisResponse.create_stream


def create_stream_with_tags(self):
    response = create_stream(self)
    tags = self._get_param("Tags")
    if tags:
        self.kinesis_backend.add_tags_to_stream(None, self._get_param("StreamName"), tags)
    return response


KinesisResponse.create_stream = create_stream_with_tags


# The policy of a file system can be removed, and one that does not exist has none.
def with_known_file_system(method):
    def of_known_file_system(self, file_system_id, *args, **kwargs):
        if file_system_id not in self.file_systems_by_id:
            raise FileSystemNotFound(file_system_id)
        return method(self, file_system_id, *args, **kwargs)

    return of_known_file_system


def delete_file_system_policy(self):
    self.efs_backend.put_file_system_policy(self._get_param("FileSystemId"), None, False)
    return "{}", {"Content-Type": "application/json"}


EFSBackend.describe_file_system_policy = with_known_file_system(EFSBackend.describe_file_system_policy)
EFSBackend.put_file_system_policy = with_known_file_system(EFSBackend.put_file_system_policy)
EFSResponse.delete_file_system_policy = delete_file_system_policy

# A subscription filter can name a destination.
put_subscription_filter = LogsBackend.put_subscription_filter


def put_subscription_filter_to_destination(self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn):
    if ":destination:" not in destination_arn:
        return put_subscription_filter(self, log_group_name, filter_name, filter_pattern, destination_arn, role_arn)
    *_, region, account, _type, name = destination_arn.split(":")
    logs_backends[account][region].get_destination(name)
    group = self._find_log_group(log_group_name=log_group_name)
    return group.put_subscription_filter(filter_name, filter_pattern, destination_arn, role_arn)


LogsBackend.put_subscription_filter = put_subscription_filter_to_destination

# The gateway keeps this process's standard input open, and writes a line into it once it serves: its port, and what is
# lost without it. Where the input ends, the gateway was killed. Nothing can reach the accounts then, because only the
# gateway knew their keys and sessions: this process says so at the gateway's port, until the next start ends it.
class LostAccounts(BaseHTTPRequestHandler):
    message = ""

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length") or 0))
        kind, body = self.error()
        self.send_response(503)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("x-amzn-errortype", "ServiceUnavailable")
        self.send_header("connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self):
        """The error in the protocol of the service that the signature's scope names."""
        signed = re.search(r"/([\w-]+)/aws4_request", self.headers.get("authorization", ""))
        service = signed.group(1) if signed else "s3"
        code = "ServiceUnavailable"
        error = f"<Error><Code>{code}</Code><Message>{escape(self.message)}</Message></Error>"
        if service == "s3":
            return "application/xml", error.encode()
        if service == "ec2":
            return "text/xml", f"<Response><Errors>{error}</Errors></Response>".encode()
        if "x-www-form-urlencoded" in self.headers.get("content-type", ""):
            return "text/xml", f"<ErrorResponse>{error}</ErrorResponse>".encode()
        return "application/json", json.dumps({"__type": code, "message": self.message}).encode()

    def log_message(self, *args):
        pass

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = answer


def bound_server(port):
    # The port has connections that are ending, and the gateway's process may be some moments from leaving it.
    ThreadingTCPServer.allow_reuse_address = True
    for _ in range(200):
        with contextlib.suppress(OSError):
            return ThreadingTCPServer(("127.0.0.1", port), LostAccounts)
        time.sleep(0.05)
    os._exit(1)


def stand_in_for_gateway():
    line = sys.stdin.readline()
    sys.stdin.read()
    if not line:
        os._exit(1)
    gateway = json.loads(line)
    LostAccounts.message = gateway["message"]
    record = os.path.join(gateway["directory"], "moto.json")
    with bound_server(gateway["port"]) as server:
        with contextlib.suppress(OSError), open(os.path.join(gateway["directory"], "daemon.log"), "a") as log:
            log.write(f"the gateway ended without being stopped: {LostAccounts.message}\n")
        server.timeout = 2
        # Where the folder is removed, nobody finds this process again.
        while os.path.exists(record):
            server.handle_request()
    os._exit(1)


if SECRET:
    threading.Thread(target=stand_in_for_gateway, daemon=True).start()

main()

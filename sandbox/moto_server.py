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
from xml.sax.saxutils import escape

import xmltodict
from flask import request
from moto.apigateway.models import APIGatewayBackend, RestAPI
from moto.core.responses import EmptyResult
from moto.iam.access_control import PermissionResult
from moto.iam.models import Group, IAMBackend, InstanceProfile, Role, User
from moto.iam.policy_validation import BaseIAMPolicyValidator
from moto.iam.responses import IamResponse
from moto.iam.utils import generate_access_key_id_from_account_id
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import main
from moto.sns.models import Subscription
from moto.sqs.models import Queue

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

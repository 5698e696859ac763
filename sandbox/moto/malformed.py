"""What AWS answers to a request that its API's model does not allow, for a request on which moto fails."""

import json
import re
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.session import get_session
from botocore.validate import ParamValidator, ValidationErrors
from flask import request

session = get_session()
# Where moto has another name for a service.
BOTOCORE_NAMES = {"awslambda": "lambda", "awslambda_simple": "lambda"}
# The root of the XML that each sub-resource of S3 takes.
ROOTS = {
    "cors": "CORSConfiguration",
    "lifecycle": "LifecycleConfiguration",
    "notification": "NotificationConfiguration",
    "ownershipControls": "OwnershipControls",
    "publicAccessBlock": "PublicAccessBlockConfiguration",
    "restore": "RestoreRequest",
    "tagging": "Tagging",
}
NUMBERS = ("max-keys", "max-parts", "max-uploads", "partNumber", "part-number-marker")


def without_nulls(value):
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(inner) for inner in value] if isinstance(value, list) else value


def error_in_json(operation):
    """The protocol's error for a body of the wrong types, or without what is required."""
    body = json.loads(request.get_data() or b"{}")
    report = ParamValidator().validate(without_nulls(body), operation.input_shape)
    nulls = ParamValidator().validate(body, operation.input_shape)
    if not report.has_errors() and not nulls.has_errors():
        return None
    message = (report if report.has_errors() else nulls).generate_report()
    missing = all(reason == "missing required field" for reason, *_ in report._errors)
    code = "ValidationException" if missing and report.has_errors() else "SerializationException"
    content = {"content-type": "application/x-amz-json-1.1"}
    return json.dumps({"__type": code, "message": message}), 400, content


def error_in_rest(model):
    """The error for a body of the wrong types, or without what is required, of the operation with the request's path."""
    for name in model.operation_names:
        operation = model.operation_model(name)
        parts = re.split(r"\{\w+\+?\}", operation.http["requestUri"].partition("?")[0])
        path = "[^/]+".join(re.escape(part) for part in parts)
        if operation.http["method"] == request.method and re.fullmatch(f"{path}/?", request.path):
            return error_in_body(operation)
    return None


def error_in_body(operation):
    shape = operation.input_shape
    payload = shape.serialization.get("payload")
    if payload:
        shape = shape.members[payload]
    if shape.type_name != "structure":
        return None
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        body = None
    given = body if isinstance(body, dict) else {}
    for name, member in shape.members.items():
        if member.serialization.get("location"):
            continue
        value = given.get(member.serialization.get("name", name))
        report = ValidationErrors()
        if value is not None:
            ParamValidator()._validate(value, member, report, name)
        elif name in shape.required_members:
            report.report(name, "missing required field", required_name=name, valid_names="")
        if report.has_errors():
            message = f"Invalid or missing parameter {name}"
            content = {"content-type": "application/json", "x-amzn-errortype": "ValidationException"}
            return json.dumps({"__type": "ValidationException", "message": message}), 400, content
    return None


def error_in_s3():
    """S3's error for a number, a token or a document that is none, or for an upload that does not exist."""
    query = request.args
    if any(not query[name].isdigit() for name in NUMBERS if name in query):
        return xml_error("InvalidArgument", "A number in the query is not one", 400)
    if "continuation-token" in query:
        return xml_error("InvalidArgument", "The continuation token provided is incorrect", 400)
    if "uploadId" in query:
        return xml_error("NoSuchUpload", "The specified upload does not exist.", 404)
    if "/" not in request.headers.get("x-amz-copy-source", "a/b").lstrip("/"):
        return xml_error("InvalidArgument", "Copy Source must mention the source bucket and key", 400)
    for name, root in ROOTS.items():
        if name in query and not re.search(rf"<{root}[\s>][\s\S]*</{root}>\s*$", request.get_data(as_text=True)):
            return xml_error("MalformedXML", "The XML you provided was not well-formed", 400)
    if request.method == "POST" and not query:
        return xml_error("MethodNotAllowed", "The specified method is not allowed against this resource.", 405)
    return None


def xml_error(code, message, status):
    content = {"content-type": "application/xml"}
    return f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>", status, content


def error_in_form(operation):
    """The protocol's error for a form without what is required, or with values of the wrong types."""
    given = {name.split(".")[0] for name in request.values}
    shape = operation.input_shape
    if shape is None:
        return None
    missing = [name for name in shape.required_members if serialized(shape, name) not in given]
    wrong = [name for name, member in shape.members.items() if is_wrong(member, request.values.get(serialized(shape, name)))]
    if not missing and not wrong:
        return None
    code = "MissingParameter" if missing else "ValidationError"
    words = f"must contain the parameter {missing[0]}" if missing else f"has a malformed {wrong[0]}"
    error = f"<Error><Code>{code}</Code><Message>{escape(f'The request {words}')}</Message></Error>"
    if operation.service_model.protocol == "ec2":
        body = f"<Response><Errors>{error}</Errors></Response>"
    else:
        body = f"<ErrorResponse>{error}</ErrorResponse>"
    return body, 400, {"content-type": "text/xml"}


def is_wrong(shape, value):
    if value is None:
        return False
    if shape.type_name in ("integer", "long"):
        return not value.lstrip("-").isdigit()
    # The members of a list or a structure are parameters too, with longer names.
    return value != "" and shape.type_name in ("list", "map", "structure")


def serialized(shape, name):
    location = shape.members[name].serialization.get("name", name)
    return location[0].upper() + location[1:]


def error_in_request(service):
    """What AWS answers to the request, with moto's name of its service; None where its model allows the request."""
    try:
        model = session.get_service_model(BOTOCORE_NAMES.get(service, service))
    except UnknownServiceError:
        return None
    if model.protocol == "rest-json":
        return error_in_rest(model)
    if service == "s3":
        return error_in_s3()
    target = request.headers.get("x-amz-target", "").rpartition(".")[2]
    name = target or request.values.get("Action", "")
    if name not in model.operation_names:
        return None
    operation = model.operation_model(name)
    return error_in_json(operation) if target and operation.input_shape else error_in_form(operation)

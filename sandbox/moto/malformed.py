"""What AWS answers to a request that its API's model does not allow, for a request on which moto fails."""

import json
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.session import get_session
from botocore.validate import ParamValidator
from flask import request

session = get_session()


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
    # A list or a structure has its members in parameters of their own.
    return value != "" and shape.type_name in ("list", "map", "structure")


def serialized(shape, name):
    location = shape.members[name].serialization.get("name", name)
    return location[0].upper() + location[1:]


def error_in_request(service):
    """What AWS answers to the request, with moto's name of its service; None where its model allows the request."""
    try:
        model = session.get_service_model(service)
    except UnknownServiceError:
        return None
    target = request.headers.get("x-amz-target", "").rpartition(".")[2]
    name = target or request.values.get("Action", "")
    if name not in model.operation_names:
        return None
    operation = model.operation_model(name)
    return error_in_json(operation) if target and operation.input_shape else error_in_form(operation)

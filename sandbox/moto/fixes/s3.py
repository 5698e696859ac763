import xmltodict
from flask import request
from moto.iam.access_control import PermissionResult
from moto.s3 import notifications
from moto.s3.models import FakeBucket, FakeDeleteMarker
from moto.s3.responses import S3Response


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


# A set of tags may be empty.
S3Response._tagging_from_xml = lambda self: tags_of(xmltodict.parse(self.body)["Tagging"].get("TagSet"))


def tags_of(tag_set):
    tags = (tag_set or {}).get("Tag", [])
    return {tag["Key"]: tag["Value"] or "" for tag in (tags if isinstance(tags, list) else [tags])}


# Once versioning is suspended, moto would dispose of the file of a deletion's marker, which has none.
FakeDeleteMarker.dispose = lambda self: None

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

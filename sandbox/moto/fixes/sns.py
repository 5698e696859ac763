from flask import request
from moto.sns.models import Subscription

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

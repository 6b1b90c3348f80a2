"""The Google Cloud intake, against the real SDK."""

from __future__ import annotations

import pytest

from tests.stacks.program import GCP, Ran

FIREWALL = "gcp:compute/firewall:Firewall"
BUCKET = "gcp:storage/bucket:Bucket"
KEY = "gcp:kms/cryptoKey:CryptoKey"
MEMBER = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
TOPIC = "gcp:pubsub/topic:Topic"


@pytest.fixture(scope="module")
def changed() -> Ran:
    return GCP.run(
        {
            "gcp:region": "us-east4",
            "environment": "prod",
            "owner": "web_team",
            "networkCidr": "172.16.8.0/21",
            "allowedCidrs": ["198.51.100.0/24", "203.0.113.7/32"],
            "keepOldVersionsDays": 7,
            "labels": {"cost-centre": "42"},
        }
    )


def test_it_registers_what_it_promises(gcp: Ran) -> None:
    assert gcp.types() == {
        "intake:gcp:Intake": 1,
        "intake:gcp:NetworkEdge": 1,
        "intake:gcp:PrivateBucket": 1,
        "intake:gcp:WorkQueue": 1,
        "gcp:compute/network:Network": 1,
        "gcp:compute/subnetwork:Subnetwork": 1,
        FIREWALL: 2,
        "gcp:kms/keyRing:KeyRing": 1,
        KEY: 1,
        MEMBER: 1,
        BUCKET: 1,
        TOPIC: 1,
        "gcp:pubsub/subscription:Subscription": 1,
    }


def test_the_world_reaches_443_and_nothing_else(gcp: Ran) -> None:
    https, refuse = gcp.all(FIREWALL)

    assert https.inputs["allows"] == [{"protocol": "tcp", "ports": ["443"]}]
    assert https.inputs["sourceRanges"] == ["0.0.0.0/0"]
    assert https.inputs["targetTags"] == ["https-edge"]
    assert "allows" not in refuse.inputs
    assert refuse.inputs["denies"] == [{"protocol": "all"}]
    assert refuse.inputs["sourceRanges"] == ["0.0.0.0/0"]
    assert https.inputs["priority"] < refuse.inputs["priority"] == 65534
    assert {rule.inputs["direction"] for rule in (https, refuse)} == {"INGRESS"}


def test_the_network_makes_no_subnets_of_its_own(gcp: Ran) -> None:
    assert gcp.only("gcp:compute/network:Network").inputs["autoCreateSubnetworks"] is False


def test_the_bucket_cannot_be_made_public(gcp: Ran) -> None:
    bucket = gcp.only(BUCKET).inputs

    assert bucket["publicAccessPrevention"] == "enforced"
    assert bucket["uniformBucketLevelAccess"] is True
    assert bucket["versioning"] == {"enabled": True}


def test_the_bucket_is_encrypted_with_a_renewed_key_that_storage_may_use(gcp: Ran) -> None:
    key, member, bucket = gcp.only(KEY), gcp.only(MEMBER), gcp.only(BUCKET)

    assert key.inputs["rotationPeriod"] == "7776000s"
    assert bucket.inputs["encryption"] == {"defaultKmsKeyName": f"{key.name}-id"}
    assert member.inputs["cryptoKeyId"] == f"{key.name}-id"
    assert member.inputs["role"] == "roles/cloudkms.cryptoKeyEncrypterDecrypter"
    assert member.inputs["member"].startswith("serviceAccount:gcp:storage/getProjectServiceAccount")
    assert member.urn in bucket.depends_on


def test_messages_stay_in_the_region_and_their_subscription_does_not_expire(gcp: Ran) -> None:
    policy = gcp.only(TOPIC).inputs["messageStoragePolicy"]
    subscription = gcp.only("gcp:pubsub/subscription:Subscription").inputs

    assert policy == {"allowedPersistenceRegions": ["europe-west1"], "enforceInTransit": True}
    assert subscription["expirationPolicy"] == {"ttl": ""}


def test_it_exports_where_everything_is(gcp: Ran) -> None:
    assert gcp.outputs == {
        "networkId": "intake-dev-network-id",
        "subnetId": "intake-dev-subnet-id",
        "bucketName": "intake-dev-files",
        "topicId": "intake-dev-work-id",
        "subscriptionId": "intake-dev-worker-id",
    }


def test_every_setting_is_honoured(changed: Ran) -> None:
    subnet = changed.only("gcp:compute/subnetwork:Subnetwork").inputs
    (expiry,) = changed.only(BUCKET).inputs["lifecycleRules"]

    assert changed.error is None
    assert changed.all(FIREWALL)[0].inputs["sourceRanges"] == ["198.51.100.0/24", "203.0.113.7/32"]
    assert (subnet["ipCidrRange"], subnet["region"]) == ("172.16.8.0/21", "us-east4")
    assert changed.only(BUCKET).inputs["location"] == "US-EAST4"
    assert changed.only("gcp:kms/keyRing:KeyRing").inputs["location"] == "us-east4"
    assert changed.only(TOPIC).inputs["messageStoragePolicy"]["allowedPersistenceRegions"] == [
        "us-east4"
    ]
    assert expiry["condition"] == {"daysSinceNoncurrentTime": 7, "withState": "ARCHIVED"}


def test_whatever_bears_labels_bears_all_of_them(changed: Ran) -> None:
    labelled = [resource for resource in changed.resources if "labels" in resource.inputs]

    assert len(labelled) == 4
    for resource in labelled:
        assert resource.inputs["labels"] == {
            "cost-centre": "42",
            "environment": "prod",
            "managed-by": "pulumi",
            "owner": "web_team",
        }


def test_a_bad_setting_is_refused_before_anything_is_registered() -> None:
    refused = GCP.run({"owner": "Web Team"})

    assert refused.error == (
        "owner must be 1 to 63 lower-case letters, digits, - and _, not 'Web Team'"
    )
    assert refused.resources == ()

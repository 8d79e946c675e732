"""Two customers, the shop's staff and an attacker, at the deployed API."""

import base64
import hmac
import json
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from ecom_pipeline.client import endpoints
from ecom_pipeline.lake.connect import client
from ecom_pipeline.local import deploy, tokens
from ecom_pipeline.settings import Settings
from ecom_pipeline_tests.builders import payload
from ecom_pipeline_tests.waiting import until

ALICE, BOB, CAROL = "61001", "61002", "61003"
DAY = "1/15/2009 9:30"  # no other test of the pipeline counts this day
CANARY = "BOBS-SECRET"


@dataclass(frozen=True)
class World:
    """Where the API is, who may call it as whom, and what two customers bought."""

    settings: Settings
    url: str
    api_key: str
    alice: str
    bob: str
    staff: str
    hers: tuple[str, ...]
    his: tuple[str, ...]

    def get(self, path, token=None, **headers):
        given = headers if token is None else headers | {"Authorization": token}
        return requests.get(self.url + path, headers=given, timeout=30)

    def post(self, *events, **headers):
        given = {"x-api-key": self.api_key} | headers
        return requests.post(f"{self.url}/events", json=events, headers=given, timeout=30)

    def raw(self, text):
        """Send bytes that no client library would, and return all that comes back."""
        where = urlsplit(self.url)
        with socket.create_connection((where.hostname, where.port), timeout=30) as wire:
            wire.sendall(text.replace("{path}", where.path).encode())
            wire.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: wire.recv(65536), b"")).decode()


def build(settings: Settings) -> World:
    """Sell something to both customers, and wait until each can read it: by the receipts."""
    target = endpoints.producer(settings)
    world = World(
        settings,
        target.url,
        target.api_key,
        alice=tokens.for_customer(settings, ALICE),
        bob=tokens.for_customer(settings, BOB),
        staff=tokens.for_staff(settings),
        hers=("7100001", "7100003", "C7100005"),
        his=("7100002", "7100004"),
    )
    events = [
        payload(
            event_id=f"api-{number}",
            InvoiceNo=number,
            CustomerID=customer,
            InvoiceDate=DAY,
            Quantity=-6 if number[0] == "C" else 6,
            StockCode="85123A" if customer == ALICE else CANARY,
        )
        for customer, numbers in ((ALICE, world.hers), (BOB, world.his))
        for number in numbers
    ]
    receipts = [each["event_id"] for each in world.post(*events).json()["results"]]
    for event, receipt in zip(events, receipts, strict=True):
        wait_for(world, event["InvoiceNo"], receipt)
    return world


def wait_for(world, number, receipt):
    """Read one's own write: 202 until it is there."""

    def there():
        answer = world.get(f"/invoices/{number}?after={receipt}", world.staff)
        assert answer.status_code in {200, 202}, answer.text
        return answer.status_code == 200

    until(there, f"the event {receipt} of invoice {number}", every=0.1)


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(token, n=1):
    """Return a token's header (0) or claims (1)."""
    text = token.split(".")[n]
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def forged(token, header=None, signature=None, **claims):
    """Return a token with other claims, unsigned or with the old signature."""
    parts = [part(read(token, 0) | (header or {})), part(read(token) | claims)]
    return ".".join([*parts, token.split(".")[2] if signature is None else signature])


def hmac_forged(world, token, **claims):
    """Sign with the public key as if it were a shared secret, the old trick on RS256."""
    pool = deploy.outputs(world.settings)["UserPoolId"]
    public = requests.get(
        f"{world.settings.endpoint_url}/{pool}/.well-known/jwks.json", timeout=30
    ).content
    text = f"{part(read(token, 0) | {'alg': 'HS256'})}.{part(read(token) | claims)}"
    return f"{text}.{part(hmac.digest(public, text.encode(), 'sha256'))}"


def truly_signed(world, token, **claims):
    """Sign other claims with the emulator's own key of the pool: only the claims are wrong."""
    pool = deploy.outputs(world.settings)["UserPoolId"]
    pems = Path(world.settings.home, "aws", "state", "cognito-pool-keys")
    key = serialization.load_pem_private_key((pems / f"{pool}-id.pem").read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    text = f"{part(read(token, 0))}.{part(read(token) | claims)}"
    return f"{text}.{part(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def access_token(world, name):
    """Return the access token that comes with an identity token."""
    found = deploy.outputs(world.settings)
    answer = client(world.settings, "cognito-idp").initiate_auth(
        ClientId=found["UserPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": tokens.PASSWORD},
    )
    return answer["AuthenticationResult"]["AccessToken"]

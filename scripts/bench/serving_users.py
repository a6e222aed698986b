"""What Locust's users do; see serving.py, which runs it."""

import os
import random

from locust import FastHttpUser, constant, task

USERS = os.environ["BENCH_USERS"].split(",")
PRODUCTS = os.environ["BENCH_PRODUCTS"].split(",")
PATH = os.environ.get("BENCH_PATH", "")
WRITES = float(os.environ.get("BENCH_WRITES", "0"))


class Shopper(FastHttpUser):
    """Asks again as soon as it is answered."""

    wait_time = constant(0)

    @task
    def ask(self) -> None:
        """Ask for a list, or send an event."""
        user = random.choice(USERS)
        if random.random() < WRITES:
            row = {"user_id": user, "product_id": random.choice(PRODUCTS), "event": "view"}
            self.client.post("/v1/events", json={"events": [row]}, name="events")
        elif PATH:
            self.client.get(PATH, name="asked")
        else:
            self.client.get(f"/v1/users/{user}/recommendations", name="asked")

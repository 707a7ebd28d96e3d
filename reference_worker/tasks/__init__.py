"""The service's tasks. What they log beside their lifecycle is theirs; the lifecycle is written for them."""

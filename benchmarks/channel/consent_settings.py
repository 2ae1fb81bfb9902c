"""The settings of a simulated shop whose customers consent to some channels only."""

from dataclasses import dataclass
from typing import Literal

ARMS = ("none", "email", "sms", "push", "phone")
CHANNELS = ARMS[1:]
ROUNDS = 6  # decisions about each customer
DAY = 86_400  # seconds; all times of the simulation are whole seconds
WINDOW = 7 * DAY  # within which a purchase counts


@dataclass(frozen=True)
class ConsentSettings:
    """What kind of shop is simulated.

    Attributes
    ----------
    sends : int
        About how many decisions there are; six about each customer.
    effects : {"none", "occasion", "steps"}
        What messages do: nothing; effects of the occasion, of declared attributes, of clicks and
        of purchases; or steps of these, which no line can express.
    scale : {"additive", "logit"}
        Effects add to the chance of a purchase, or to its logit.
    policy : {"drawn", "epsilon_greedy"}
        `drawn`: a share of the decisions is drawn alike among the eligible arms, and a rule makes
        the others without a propensity. `epsilon_greedy`: every decision has a propensity, and
        leaves the rule's arm at times.
    drawn : float
        Share of the decisions that are drawn, 0 to 1, under `drawn`.
    epsilon : float
        Share of the decisions that are drawn, 0 to 1, under `epsilon_greedy`.
    second_message : float
        Mean share of the decisions that another message of another channel follows within the
        window, 0 to 0.5; the engaged get it more often.
    households : bool
        Two customers each share a household, with like engagement and like outcomes. They are
        decided about at the same instants and drawn alike where they may be sent the same.
    season : float
        The chance of a purchase without a message swings between its mean times and divided by
        this factor, once in eight weeks; 1 to 1.5, so that no chance leaves [0.001, 0.95].

    Raises
    ------
    ValueError
        A number is out of its bounds; or households are asked for on the logit scale: there the
        purchases of the other member would tell of the engagement, and the truth given the log
        has no simple form.
    """

    sends: int = 30_000
    effects: Literal["none", "occasion", "steps"] = "occasion"
    scale: Literal["additive", "logit"] = "additive"
    policy: Literal["drawn", "epsilon_greedy"] = "drawn"
    drawn: float = 1.0
    epsilon: float = 0.2
    second_message: float = 0.0
    households: bool = False
    season: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a combination whose truth is not known."""
        if self.households and self.scale == "logit":
            raise ValueError("households need scale='additive'")
        bounds = {"drawn": 1.0, "epsilon": 1.0, "second_message": 0.5}
        outside = [name for name, most in bounds.items() if not 0 <= getattr(self, name) <= most]
        outside += [] if 1 <= self.season <= 1.5 else ["season"]
        if outside:
            raise ValueError(f"out of bounds: {', '.join(outside)}")

    @property
    def customers(self) -> int:
        """Number of customers, an even one."""
        return self.sends // (2 * ROUNDS) * 2

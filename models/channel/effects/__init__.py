"""What messages do to the chance of a purchase, by channel and by the traits of customers.

The traits and their choice, the likelihood of effects by messages that were drawn at random or
targeted by a rule, the prior that draws them together, and corrections by trees.
"""

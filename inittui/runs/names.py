"""Names that people can say for runs that were given none: brisk-otter."""

from __future__ import annotations

import random
from collections.abc import Collection

_ADJECTIVES = """
able amber ample apt arid ashen azure bold brave breezy bright brisk bronze calm candid clear
clever cosy crisp daring deft eager early easy even fair fast fine firm fleet fond frank free
fresh gentle glad golden grand green happy hardy hazel honest humble jolly keen kind late light
lively lucid lucky lunar mellow merry mild misty modest neat nimble noble olive pale patient
plain polite proud quick quiet rapid ready rosy royal ruby sandy scarlet shy silent silver sleek
smooth snowy solar solid sound spry steady still sunny sure swift tall tame tidy topaz trim true
vivid warm wide wise witty young zesty
"""
_ANIMALS = """
adder alpaca ant auk badger bat bear beaver bee bison boar bream bunting camel carp cat cicada
clam cod condor coot crab crane cricket crow deer dingo dog dolphin dove duck eagle eel egret elk
emu falcon finch fox frog gannet gecko gibbon goat goose grebe gull hare hawk heron hornet horse
ibex ibis iguana jackal jay kestrel kite kiwi koala lark lemur linnet lizard llama loon lynx
magpie marmot marten mink mole moose moth mouse mule newt okapi orca oriole osprey otter owl ox
panda parrot perch pigeon pika plover pony puffin quail rabbit raven robin rook salmon seal shrew
skate sloth snail sparrow stoat stork swan swift tapir tern tiger toad trout turtle vole walrus
wasp whale wolf wombat wren yak zebra
"""
ADJECTIVES, ANIMALS = tuple(_ADJECTIVES.split()), tuple(_ANIMALS.split())

_TRIES = 50


def new_name(taken: Collection[str]) -> str:
    """Return a name that no other run has; with a number where words run short."""
    for _ in range(_TRIES):
        name = f"{random.choice(ADJECTIVES)}-{random.choice(ANIMALS)}"
        if name not in taken:
            return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"

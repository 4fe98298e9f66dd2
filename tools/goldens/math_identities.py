#!/usr/bin/env python3
"""Triples (expression, an equal one, another one) for the math reward: tests/golden/rewards/math_identities.jsonl.

SymPy writes each expression in another form (expanded, factored, together, apart, in other functions); the one that is
not equal has one node changed. Both relations are checked at random points with 40 digits. Made with SymPy 1.14.

    tools/goldens/math_identities.py > tests/golden/rewards/math_identities.jsonl
"""
import json
import random

import sympy as sp

x, y, a, n = sp.symbols("x y a n", positive=True)
RNG = random.Random(20240607)
DIGITS = 40


def integer(low=1, high=9):
    return sp.Integer(RNG.randint(low, high)) * RNG.choice([1, 1, 1, -1])


def rational():
    return sp.Rational(int(integer()), RNG.randint(1, 9))


def radical():
    return sp.sqrt(RNG.randint(2, 30)) * rational() + rational()


def polynomial(symbols=(x, y)):
    return sum((integer() * sp.prod([s ** RNG.randint(0, 2) for s in symbols]) for _ in range(RNG.randint(2, 4))), sp.Integer(0))


def linear(symbol):
    return integer() * symbol + integer()


# Each family: an expression, and the forms that it can take.
def product():
    e = sp.Mul(polynomial(), polynomial(), evaluate=False)
    return e, [sp.expand]


def power():
    return (x + integer()) ** RNG.randint(2, 5) * rational(), [sp.expand]


def fraction():
    e = linear(x) / linear(x) + linear(x) / (x * (x + integer()))
    return e, [sp.together, sp.factor, lambda f: sp.apart(sp.together(f), x)]


def fraction_of_two():
    e = polynomial() / (x + y + integer()) + rational() / x
    return e, [sp.together, lambda f: sp.expand(sp.together(f))]


def surd():
    e = sp.Mul(radical(), radical(), evaluate=False)
    return e, [sp.expand]


def surd_fraction():
    e = rational() / radical()
    return e, [sp.radsimp]


def nested_surd():
    p, q = RNG.randint(1, 9), RNG.randint(2, 15)
    if sp.sqrt(q).is_integer:
        q += 1
    e = sp.sqrt(sp.expand((p + sp.sqrt(q)) ** 2), evaluate=False)
    return e, [lambda f: p + sp.sqrt(q)]


def trigonometric():
    k = RNG.randint(2, 4)
    f = RNG.choice([sp.sin, sp.cos])
    e = rational() * f(k * x) + integer() * sp.sin(x) ** 2
    return e, [sp.expand_trig]


def trigonometric_sum():
    e = RNG.choice([sp.sin, sp.cos, sp.tan])(x + y) * integer()
    return e, [sp.expand_trig]


def trigonometric_power():
    e = sp.sin(x) ** RNG.randint(1, 3) * sp.cos(x) ** RNG.randint(1, 3) * integer()
    return e, [lambda f: sp.fu(f), lambda f: sp.expand_trig(sp.fu(f)), lambda f: sp.trigsimp(f)]


def exponential():
    e = sp.Mul(sp.exp(RNG.randint(1, 3) * x + int(integer())), sp.exp(-x) + integer(), evaluate=False)
    return e, [lambda f: sp.expand(sp.powsimp(sp.expand(f))), sp.expand]


def exponent():
    b = RNG.choice([2, 3, 4, 5, 6, 9])
    e = sp.Integer(b) ** (RNG.randint(1, 3) * n + RNG.randint(-3, 3)) * integer()
    return e, [lambda f: sp.expand(f), lambda f: sp.powsimp(sp.expand(f))]


def logarithm():
    # Odd: ln(x^2) is not 2 ln(x) for x < 0.
    e = sp.log(x ** (RNG.randint(1, 3) // 2 * 2 + 1) * y / RNG.randint(2, 12)) * integer()
    return e, [lambda f: sp.expand_log(f, force=True)]


def logarithm_of_number():
    e = integer() * sp.log(RNG.randint(4, 200), evaluate=False) + rational()
    return e, [lambda f: sp.expand_log(sp.log(sp.Integer(1)) + f, force=True).doit()]


def hyperbolic():
    e = integer() * RNG.choice([sp.sinh, sp.cosh, sp.tanh])(x) + rational()
    return e, [lambda f: f.rewrite(sp.exp)]


def complex_number():
    z = [sp.Integer(RNG.randint(-9, 9)) + sp.I * integer() for _ in range(2)]
    e = sp.Mul(z[0], sp.Pow(z[1], -1), evaluate=False)
    return e, [lambda f: sp.expand(z[0] / z[1], complex=True)]


def cosine_of_turn():
    d = RNG.choice([3, 4, 5, 6, 8, 10, 12])
    f = RNG.choice([sp.cos, sp.sin])
    angle = sp.Rational(RNG.randint(1, 2 * d), d) * sp.pi
    e = sp.Mul(integer(), f(angle, evaluate=False), evaluate=False)
    return e, [lambda _: e.args[0] * f(angle) if len(e.args) == 2 else e.doit()]


def power_of_product():
    e = (x * y ** 2) ** RNG.choice([2, 3, -1, -2]) * rational()
    return e, [lambda f: sp.expand(f)]


FAMILIES = [product, power, fraction, fraction_of_two, surd, surd_fraction, nested_surd, trigonometric, trigonometric_sum,
            trigonometric_power, exponential, exponent, logarithm, logarithm_of_number, hyperbolic, complex_number,
            cosine_of_turn, power_of_product]


def values(e, points):
    return [sp.N(e.subs(p), DIGITS) for p in points]


def agree(e, f):
    points = [{s: sp.Rational(RNG.randint(101, 299), 97) for s in (x, y, a, n)} for _ in range(3)]
    return all(abs(u - v) < sp.Float(10) ** -25 * (1 + abs(u)) for u, v in zip(values(e, points), values(f, points)))


def changed(e):
    """One number of e replaced by another."""
    numbers = [v for v in sp.preorder_traversal(e) if v.is_Integer and abs(v) > 1]
    if not numbers:
        return e + 1
    v = RNG.choice(numbers)
    return e.xreplace({v: v + RNG.choice([1, -1]) * (1 if v > 0 else -1)})


def main():
    seen = set()
    for family in FAMILIES:
        made = 0
        for _ in range(400):
            e, forms = family()
            f = RNG.choice(forms)(e)
            g = changed(f)
            triple = tuple(sp.latex(v, ln_notation=True) for v in (e, f, g))
            if triple[0] == triple[1] or triple in seen or any("zoo" in t or "nan" in t for t in triple):
                continue
            if not agree(e, f) or agree(e, g):
                continue
            seen.add(triple)
            print(json.dumps({"family": family.__name__, "expression": triple[0], "equal": triple[1], "other": triple[2]}))
            made += 1
            if made == 12:
                break


if __name__ == "__main__":
    main()

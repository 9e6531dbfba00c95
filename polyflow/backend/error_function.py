"""The error function to nine digits, enough for float32 where it is computed in float64: one fraction, one polynomial.

The coefficients are minimax fits of the relative error, found by iterated least squares against values of fifty digits.
"""

TOP = (
    -4.021264478113684e-09,
    1.3009791047389258e-06,
    0.00010306033154071447,
    0.0013018026139810478,
    0.017259348795962196,
    0.09900138927630835,
    0.46400491442020114,
    1.1283791668299508,
)
BOTTOM = (
    1.7038979965533107e-05,
    0.000386051967500663,
    0.005090081076116206,
    0.043290196831592055,
    0.23592013039265855,
    0.7445469693482225,
    1.0,
)
"""erf(x) / x as a fraction in x**2, highest power first: within 2.8e-10 up to x = 4, where erf(x) is 1 in float32."""

COMPLEMENT = (
    -0.02879775008543052,
    0.2172421478571463,
    -0.6970817247961025,
    1.2039310462123822,
    -1.153474247887079,
    0.5922421040947554,
    -0.26552503836160135,
    0.15625237317666069,
    0.16263279251154483,
    0.24850400412119866,
    0.28197575813467995,
    0.2820985353388611,
)
"""erfc(x) exp(x**2) / t in t = 2 / (2 + x), highest power first: within 3.2e-10 up to x = 10.3, where erfc(x) is 0."""

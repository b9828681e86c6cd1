# Expected is frozen when the round closes: whoever is rostered, or moves, after that changes nothing of it.
# Proves: coverage/frozen
area 9901 under 99
area 9902 under 99
round R1 areas 99 closes 20:00
it is 19:59
roster ada area 9901
it is 20:00
roster ben area 9901
roster ada area 9902
coverage R1 9901 expected 1 missing 1
coverage R1 9902 expected 0
missing R1 99 are ada
late scan T100 ben 19:00 area 9901
coverage R1 9901 expected 2 unrostered 1 sampled 1 missing 1

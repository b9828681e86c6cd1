# Who is rostered only after a round closed is counted in it where his scans say, also those that come later still.
# Proves: coverage/rostered-after-closing
area 9901 under 99
area 9902 under 99
round R1 areas 99 closes 20:00
it is 21:00
roster ada area 9902
late scan T100 ada 19:00 area 9901 round R1
coverage R1 9901 expected 1 unrostered 1 sampled 1
coverage R1 9902 expected 0

# Coverage is the same in every order of arrival.
# Proves: coverage/any-order
any order
area 9901 under 99
round R1 areas 9901 opens 06:00 closes 20:00
roster ada area 9901
roster ben area 9901
roster cem area 9901
scan T100 ada 08:01
receive T100 by L1 10:00
result T100 negative tested 12:00 reported 13:00
excuse ben from R1 09:00 because moved
excuse ada from R1 09:00 because refused
late scan T200 eva 08:01 area 9901
coverage R1 9901 expected 4 unrostered 1 sampled 2 excused 1 missing 1 received 1 resulted 1 negative 1
coverage R1 99 expected 4 missing 1
missing R1 99 are cem

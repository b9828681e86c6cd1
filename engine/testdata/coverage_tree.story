# The sum over the children and the node's own people is the node.
# Proves: coverage/tree
any order
area 9901 under 99
area 9902 under 99
area 990101 under 9901
round R1 areas 99
roster ada area 99
roster ben area 9901
roster cem area 990101
roster dan area 9902
roster eva area 9902
late scan T100 cem 08:01
late scan T100 dan 08:01
coverage R1 99 expected 5 sampled 2 missing 3
coverage R1 9901 expected 2 sampled 1 missing 1
coverage R1 990101 expected 1 sampled 1 missing 0
coverage R1 9902 expected 2 sampled 1 missing 1
missing R1 99 are ada ben eva
missing R1 9902 are eva

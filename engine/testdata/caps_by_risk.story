# Caps per risk: 1:1 high, 5:1, 10:1, household, taken from the nearest area that names a risk.
# Proves: policy/caps-by-risk
any order
area 99 risk medium
area 9901 under 99
area 9902 under 99 risk high
area 98 risk closed
area 97
round R1
late scan T100 ada 08:01 area 9901
late scan T200 ben 08:01 area 9902
late scan T300 cem 08:01 area 98
late scan T400 dan 08:01 area 97
tube T100 takes 5
tube T200 single
tube T300 household
tube T400 takes 10

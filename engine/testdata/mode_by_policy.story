# Without a tube.open: what its scans say, or what policy gave them; single only if all say so.
# Proves: tube/mode-by-policy
area 9901 risk high
area 9902 risk closed
area 9903 risk medium
round R1 cap high 1 cap closed household cap medium 5
late scan T100 ada 08:01 area 9901
tube T100 single
tube T100 takes 1
late scan T200 ben 08:01 area 9902
tube T200 household
tube T200 takes 30
late scan T300 cem 08:01 area 9903
tube T300 pool
tube T300 takes 5
late scan T100 dan 08:02 area 9903
tube T100 pool

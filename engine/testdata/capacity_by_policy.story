# A tube that nobody opened takes the smallest number that policy gave one of its scans.
# Proves: tube/capacity-by-policy
area 9901 risk medium
round R1 cap low 10 cap medium 5
late scan T100 ada 08:01
tube T100 takes 10
late scan T100 ben 08:02 area 9901
tube T100 takes 5
open T100 07:00 capacity 20
tube T100 takes 20

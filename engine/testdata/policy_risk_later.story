# Later changes of areas never change a status: the risk of the area at the time of applying counts.
# Proves: policy/risk-later
area 9901 risk low
round R1 cap low 10 cap high 1
late scan T100 ada 08:01 area 9901
area 9901 risk high
late scan T200 ben 08:01 area 9901
tube T100 pool
tube T200 single

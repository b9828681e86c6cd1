# An item put again replaces the fields it names; one that changes nothing is a duplicate.
# Proves: policy/put-replaces-named
round R1 recollect 2h cap low 5
round R1 cap low 3
accepted
round R1 cap low 3 recollect 2h
duplicate
roster ada area 9901 household H1
roster ada household H1
duplicate
area 9901 risk high
area 9901 risk high
duplicate
lab L1 is lab
lab L1 is lab
duplicate
site S1 area 9901
site S1 area 9901
duplicate
late scan T100 ben 23:30
result T100 positive tested 23:40 reported 23:50
tube T100 takes 3
order ben due 01:50+1

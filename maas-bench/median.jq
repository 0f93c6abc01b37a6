# SPDX-License-Identifier: Apache-2.0
# Median (min-max) of all iterations in one or more JMH result files: jq -r -s -f median.jq result-*.json
def med: sort | (length as $n | if $n%2==1 then .[($n-1)/2] else (.[$n/2-1]+.[$n/2])/2 end);
[.[][]] | group_by(.benchmark + (.params|tostring)) | .[] |
 [ (.[0].benchmark|sub(".*bench\\.";"")), (.[0].params // {} | [.[]]|join(" ")),
   ([.[].primaryMetric.rawData[][]] | "\(med|round) (\(min|round)-\(max|round)) n=\(length)"),
   ("cpu " + ([.[].secondaryMetrics.cpu.rawData[]?[]] | "\(med|round) (\(min|round)-\(max|round))")),
   ([.[].secondaryMetrics["gc.alloc.rate.norm"].rawData[][]] | "B \(med*10|round/10) (\(min*10|round/10)-\(max*10|round/10))") ] | join(" | ")

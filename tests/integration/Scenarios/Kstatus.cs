using System.Text.Json.Nodes;

namespace Kilonova.Integration.Scenarios;

/// <summary>How tools read an object's state: the rules that Argo CD, Flux and <c>kubectl wait</c> share for custom resources (kstatus).</summary>
public static class Kstatus
{
    /// <summary>What a tool concludes.</summary>
    public enum Result
    {
        /// <summary>It is on its way.</summary>
        InProgress,

        /// <summary>It is as its specification says.</summary>
        Current,

        /// <summary>It does not get there by itself.</summary>
        Failed,

        /// <summary>It is being deleted.</summary>
        Terminating,
    }

    /// <summary>Computes the state of an object.</summary>
    public static Result Of(JsonNode subject)
    {
        if (subject["metadata"]!["deletionTimestamp"] is not null)
            return Result.Terminating;
        var status = subject["status"];
        if (status?["observedGeneration"] is { } observed && (long)observed != (long)subject["metadata"]!["generation"]!)
            return Result.InProgress;
        if (Is(subject, "Stalled", "True"))
            return Result.Failed;
        if (Is(subject, "Reconciling", "True") || Is(subject, "Ready", "False") || Is(subject, "Ready", "Unknown"))
            return Result.InProgress;
        return Result.Current;
    }

    /// <summary>The states in order, repetitions left out.</summary>
    public static IReadOnlyList<Result> Runs(IEnumerable<JsonNode> states)
    {
        var runs = new List<Result>();
        foreach (var result in states.Select(Of))
        {
            if (runs.Count == 0 || runs[^1] != result)
                runs.Add(result);
        }

        return runs;
    }

    /// <summary>What must hold of the conditions in every state.</summary>
    public static void AssertConsistent(JsonNode subject)
    {
        var text = subject.ToJsonString();
        Assert.True(subject["status"]?["observedGeneration"] is not null, text);
        Assert.False(Is(subject, "Ready", "True") && (Is(subject, "Reconciling", "True") || Is(subject, "Stalled", "True")), text);
        Assert.False(Is(subject, "Reconciling", "True") && Is(subject, "Stalled", "True"), text);
        foreach (var condition in subject["status"]?["conditions"]?.AsArray() ?? [])
        {
            Assert.False(string.IsNullOrEmpty((string?)condition!["reason"]), text);
            Assert.NotNull(condition["lastTransitionTime"]);
        }
    }

    private static bool Is(JsonNode subject, string type, string value) => (string?)Fleet.Condition(subject, type)?["status"] == value;
}

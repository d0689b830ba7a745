using System.Text.Json.Nodes;

namespace Kilonova.Conformance;

/// <summary>Guest topology, fit, pins and usage, as <c>nova.virt.hardware</c> answers them; the fit is compared with that of the search without Nova's caches.</summary>
public sealed class NumaVectors : VectorKind
{
    private const string ThreadOrder = "numa: threads of a core are taken in order";
    private const string Caches = "numa: a fit does not depend on what was tried before";
    private const string LowestFirst = "numa: of several wrong CPUs the lowest is named";
    internal const string NoPages = "numa: a cell without page counts can be used";
    private static readonly string[] Alone = ["cpu_policy", "cpu_thread_policy", "realtime_cpus", "dedicated_cpus", "emulator_threads_policy", "pci_numa_policy", "cpu_topology"];

    /// <inheritdoc/>
    public override string Name => "numa";

    /// <inheritdoc/>
    public override JsonObject Answer(JsonObject vector)
    {
        ArgumentNullException.ThrowIfNull(vector);
        return NumaAnswer.Of(new NumaCase(vector["case"]!.AsObject()));
    }

    /// <inheritdoc/>
    public override void Compare(JsonObject vector, JsonObject ours, Findings findings)
    {
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(ours);
        ArgumentNullException.ThrowIfNull(findings);
        var theirs = vector["answer"]!.AsObject();
        foreach (var field in Alone) Same(field, theirs[field], ours[field], findings);
        if (NamesAnotherCpu(theirs["error"], ours["error"])) findings.Explained(LowestFirst);
        else Same("error", theirs["error"], ours["error"], findings);
        Same("constraints", theirs["constraints"], ours["constraints"], findings);
        if (theirs["error"] is not null || theirs["constraints"] is null) return;

        Same("host_cell_order", theirs["host_cell_order"], ours["host_cell_order"], findings);
        Same("fits", theirs["fits_clean"], ours["fits"], findings);
        var clean = theirs.ContainsKey("fit_clean") ? theirs["fit_clean"] : theirs["fit"];
        if (theirs["clean_equals_fit"]?.GetValue<bool>() == false) findings.Explained(Caches);

        if (!JsonNode.DeepEquals(clean, ours["fit"]) && theirs["free_siblings_iter"] is JsonObject order)
        {
            // The order in which Nova walks the threads of a core is that of a Python set. Told that order, we must give the very same CPUs.
            var told = NumaAnswer.Of(new NumaCase(vector["case"]!.AsObject(), order));
            if (JsonNode.DeepEquals(clean, told["fit"]))
            {
                findings.Explained(ThreadOrder);
                ours = told;
            }
        }

        Same("fit", clean, ours["fit"], findings);
        if (clean is null || theirs["clean_equals_fit"]?.GetValue<bool>() == false || theirs["host_after"] is not JsonObject after) return;
        if (after["error"] is { } error)
        {
            if (error["class"]!.ToString() == "IndexError" && theirs["flags"]!.AsArray().Any(f => f!.ToString() == "host_cell_without_mempages")) findings.Explained(NoPages);
            else findings.Different($"host_after: Nova threw {error.ToJsonString()}");
            return;
        }

        Same("host_after", Usage(after), Usage(ours["host_after"]!.AsObject()), findings);
    }

    /// <summary>Nova goes through a Python set of CPUs: of several that are wrong it names the one that comes first there.</summary>
    private static bool NamesAnotherCpu(JsonNode? theirs, JsonNode? ours)
    {
        string[] classes = ["ImageNUMATopologyCPUDuplicates", "ImageNUMATopologyCPUOutOfRange"];
        return theirs is not null && ours is not null && classes.Contains(theirs["class"]!.ToString()) && classes.Contains(ours["class"]!.ToString()) && !JsonNode.DeepEquals(theirs, ours);
    }

    /// <summary>What a fit changes of a host, pages in order of their size.</summary>
    private static JsonArray Usage(JsonObject host) => new([.. host["cells"]!.AsArray().Select(cell => (JsonNode)new JsonArray(
        cell!["id"]!.DeepClone(), cell["cpu_usage"]!.DeepClone(), cell["memory_usage"]!.DeepClone(), cell["pinned_cpus"]!.DeepClone(),
        new JsonArray([.. cell["mempages"]!.AsArray().OrderBy(p => p!["size_kb"]!.GetValue<long>())
            .Select(p => (JsonNode)new JsonArray(p!["size_kb"]!.DeepClone(), p["total"]!.DeepClone(), p["used"]!.DeepClone(), p["reserved"]!.DeepClone()))])))]);

    private static void Same(string field, JsonNode? theirs, JsonNode? ours, Findings findings)
    {
        if (!JsonNode.DeepEquals(theirs, ours)) findings.Different($"{field}: Nova has {theirs?.ToJsonString() ?? "null"}, we {ours?.ToJsonString() ?? "null"}");
    }
}

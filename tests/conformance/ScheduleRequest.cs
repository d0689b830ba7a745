using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Kilonova.Crds;
using Kilonova.Scheduling;
using Kilonova.Scheduling.Numa;
using Kilonova.Scheduling.Placement;

namespace Kilonova.Conformance;

/// <summary>A request of a scenario, and what Nova would ask placement for it.</summary>
internal sealed class ScheduleRequest
{
    private readonly JsonObject request;
    private readonly ScheduleWorld world;
    private readonly IReadOnlyList<string> ids;
    private readonly List<string> groupHosts = [];

    /// <param name="request">The request.</param>
    /// <param name="world">The hosts.</param>
    /// <param name="ids">IDs of the request's instances: they are members of its group from the start.</param>
    public ScheduleRequest(JsonObject request, ScheduleWorld world, IReadOnlyList<string> ids)
    {
        this.ids = ids;
        this.request = request;
        this.world = world;
        Flavor = FlavorOf(request["flavor"]!.AsObject());
        Image = request["image"] is JsonObject image ? new ImageSpec { Properties = ScheduleWorld.Texts(image["properties"] as JsonObject ?? []) } : null;
        Numa = NumaOf();
        if (request["server_group"]?["hosts"] is JsonArray hosts) groupHosts.AddRange(hosts.Select(h => h!.ToString()));
    }

    public FlavorSpec Flavor { get; }

    public ImageSpec? Image { get; }

    /// <summary>What it asks of NUMA cells and devices. A flavor and an image that cannot be had together ask for nothing: Nova goes no further then either.</summary>
    public NumaWishes Numa { get; set; }

    private NumaWishes NumaOf() => new(TopologyConstraints.Of(Flavor, Image).Value, NumaHost.Requests(request["pci_requests"]), NumaHost.Networks(request["network_metadata"]));

    public int Instances => request["num_instances"]?.GetValue<int>() ?? 1;

    public bool Consumes => Instances > 1 || request["consume"]?.GetValue<bool>() == true;

    public bool HasGroup => request["server_group"] is JsonObject;

    /// <summary>Whether an admin forces hosts, and filters are not asked.</summary>
    public bool SkipsFilters => Names("force_hosts").Count + Names("force_nodes").Count > 0 && request["hints"]?["_nova_check_type"] is null;

    /// <summary>Whether filters are asked at all: not if hosts are forced, nor if every host is to be ignored.</summary>
    public bool AsksFilters(IReadOnlyCollection<string> initial) => !SkipsFilters && (initial.Count > 0 || Names("ignore_hosts").Count == 0);

    /// <summary>A member of the group was placed: it does not become a member of the group's list, and its host one of the group's hosts.</summary>
    public void Placed(string host) => groupHosts.Add(host);

    /// <summary>Hosts that are left before filters are asked.</summary>
    public List<string> Initial(IEnumerable<string> names)
    {
        var left = names.ToList();
        if (request["requested_destination"] is JsonObject destination && destination["host"]?.ToString() is { } wanted)
            left.RemoveAll(n => n != wanted || (destination["node"]?.ToString() is { } node && NodeOf(n) != node));
        left.RemoveAll(n => Names("ignore_hosts").Contains(n, StringComparer.OrdinalIgnoreCase));
        if (Names("force_hosts") is { Count: > 0 } hosts) left.RemoveAll(n => !hosts.Contains(n, StringComparer.OrdinalIgnoreCase));
        if (Names("force_nodes") is { Count: > 0 } nodes) left.RemoveAll(n => !nodes.Contains(NodeOf(n)));
        return left;
    }

    /// <summary>The request for one instance. Resources are placement's matter, which these vectors leave out.</summary>
    public SchedulingRequest For(IReadOnlyCollection<string> initial, int index) => new()
    {
        InstanceID = index < ids.Count ? ids[index] : "the-instance",
        MayStay = true,
        Resources = [],
        OnlyHosts = [.. initial],
        SkipFilters = SkipsFilters,
        Rebuild = Hints("_nova_check_type") is ["rebuild"],
        AvailabilityZone = request["availability_zone"]?.ToString(),
        Project = request["project_id"]?.ToString(),
        FlavorName = request["flavor"]!["name"]?.ToString(),
        ImageName = request["image"]?["id"]?.ToString(),
        Numa = Numa,
        Flavor = Flavor,
        Image = Image,
        SameHostAs = Hints("same_host"),
        DifferentHostFrom = Hints("different_host"),
        HostCidr = Hint("build_near_host_ip") is { } address ? address + (Hint("cidr") ?? "/24") : null,
        Query = Hint("query"),
        Group = Group(),
        PreferredCell = request["requested_destination"] is JsonObject destination && destination["allow_cross_cell_move"]?.GetValue<bool>() == true ? destination["cell_uuid"]?.ToString() : null,
    };

    /// <summary>What Nova would ask placement, as its query string with the parts in order; or why it cannot.</summary>
    public JsonNode PlacementQuery()
    {
        var needs = FlavorNeeds.Of(Flavor, Image);
        if (needs.Invalid is { } invalid) return new JsonObject { ["error"] = new JsonObject { ["message"] = invalid, ["stage"] = "placement_query" } };
        var parts = new List<string> { "limit=1000" };
        if (!needs.Resources.IsEmpty)
            parts.Add($"resources={Uri.EscapeDataString(string.Join(',', needs.Resources.OrderBy(r => r.ResourceClass, StringComparer.Ordinal).Select(r => $"{r.ResourceClass}:{r.Amount}")))}");
        var traits = needs.RequiredTraits.Concat(needs.ForbiddenTraits.Select(t => "!" + t)).ToList();
        if (traits.Count > 0) parts.Insert(1, $"required={Uri.EscapeDataString(string.Join(',', traits))}");
        return string.Join('&', parts);
    }

    private static FlavorSpec FlavorOf(JsonObject flavor) => new()
    {
        Vcpus = flavor["vcpus"]!.GetValue<int>(),
        MemoryMiB = flavor["memory_mb"]!.GetValue<long>(),
        RootGiB = flavor["root_gb"]?.GetValue<long>() ?? 0,
        EphemeralGiB = flavor["ephemeral_gb"]?.GetValue<long>(),
        SwapMiB = flavor["swap"]?.GetValue<long>(),
        ExtraSpecs = ScheduleWorld.Texts(flavor["extra_specs"] as JsonObject ?? []),
    };

    private ServerGroupFacts? Group()
    {
        if (request["server_group"] is not JsonObject group || PolicyOf(group["policy"]?.ToString()) is not { } policy) return null;
        return new ServerGroupFacts
        {
            Policy = policy,
            MaxServerPerHost = group["rules"]?["max_server_per_host"] is { } most ? int.Parse(most.ToString(), null) : 1,
            Members = [.. (group["members"] as JsonArray ?? []).Select(m => m!.ToString()).Concat(ids).Distinct().Select(m => new GroupMemberFacts(m, null))],
            Hosts = [.. groupHosts],
        };
    }

    private static ServerGroupPolicy? PolicyOf(string? policy) => policy switch
    {
        "affinity" => ServerGroupPolicy.Affinity,
        "anti-affinity" => ServerGroupPolicy.AntiAffinity,
        "soft-affinity" => ServerGroupPolicy.SoftAffinity,
        "soft-anti-affinity" => ServerGroupPolicy.SoftAntiAffinity,
        _ => null,
    };

    private string NodeOf(string name) => world[name].Capabilities.NodeName ?? name;

    private List<string> Names(string key) => [.. (request[key] as JsonArray ?? []).Select(n => n!.ToString())];

    private string? Hint(string name) => request["hints"]?[name] switch { JsonArray list => list.FirstOrDefault()?.ToString(), var single => single?.ToString() };

    private ImmutableArray<string> Hints(string name) => request["hints"]?[name] switch
    {
        JsonArray list => [.. list.Select(v => v!.ToString())],
        null => [],
        var single => [single.ToString()],
    };
}

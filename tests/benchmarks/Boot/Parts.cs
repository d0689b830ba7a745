using Kilonova.Benchmarks.Clusters;

namespace Kilonova.Benchmarks.Boot;

/// <summary>Times of our guests, and what they are made of. Parts follow each other without a gap: what nobody measured is in the rests.</summary>
internal sealed class Parts
{
    public const string Define = "agent: define";
    public const string Start = "agent: start";

    private readonly Dictionary<string, Series> parts = [];

    /// <summary>Create call to the running domain.</summary>
    public Series Running { get; } = new();

    /// <summary>Create call to Active and Ready.</summary>
    public Series Active { get; } = new();

    /// <summary>Create call to the guest's first line.</summary>
    public Series Console { get; } = new();

    /// <summary>The parts, in order.</summary>
    public IEnumerable<(string What, Series Series)> All => parts.Select(p => (p.Key, p.Value));

    /// <summary>Takes a guest in.</summary>
    public void Add(Sightings seen, string id, AgentTimes agent)
    {
        Running.Add(seen.Between(id, Milestone.Asked, Milestone.Started));
        Active.Add(seen.Between(id, Milestone.Asked, Milestone.Active));
        Part("operator: create call → bound (finalizer, decision, claim, bind)", seen.Between(id, Milestone.Asked, Milestone.Bound));
        Part("operator: bound → Instance written", seen.Between(id, Milestone.Bound, Milestone.Ordered));
        var known = agent.Image + agent.Disks + agent.ConfigDrive + agent.Define;
        Part("agent: Instance seen, read by quorum", seen.Between(id, Milestone.Ordered, Milestone.Defined) - known);
        Part("agent: image", agent.Image);
        Part("agent: disks", agent.Disks);
        Part("agent: config drive", agent.ConfigDrive);
        Part(Define, agent.Define);
        Part("agent: Instance and entry read by quorum, record", seen.Between(id, Milestone.Defined, Milestone.Started) - agent.Start);
        Part(Start, agent.Start);
        Part("agent: record, Instance's status", seen.Between(id, Milestone.Started, Milestone.Reported));
        Part("operator: Server's status", seen.Between(id, Milestone.Reported, Milestone.Active));
    }

    private void Part(string what, TimeSpan time)
    {
        if (!parts.TryGetValue(what, out var series))
            parts[what] = series = new Series();
        series.Add(time);
    }
}

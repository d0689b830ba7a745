using Kilonova.Crds;

namespace Kilonova.Scheduling.Weighers;

/// <summary>For servers in a group of policy SoftAffinity: members of the group on the host. The most wins (spec: SCH-47).</summary>
/// <param name="multiplier">Multiplier of the configuration.</param>
public sealed class SoftAffinityWeigher(double multiplier) : GroupMembersWeigher(multiplier, ServerGroupPolicy.SoftAffinity, worth: 1)
{
    /// <summary>Name of the weigher.</summary>
    public const string WeigherName = "ServerGroupSoftAffinityWeigher";

    /// <inheritdoc/>
    public override string Name => WeigherName;

    /// <inheritdoc/>
    public override string MultiplierKey => "soft_affinity_weight_multiplier";
}

using Kilonova.Crds;
using Kilonova.Operator.Hosts;
using Kilonova.Operator.Tests.Protocol;

namespace Kilonova.Operator.Tests.Scheduling;

/// <summary>Failed builds since the last success, per host.</summary>
public sealed class BuildHistoryTests
{
    private readonly BuildHistory _builds = new();

    [Fact]
    public void Each_failure_counts_once_and_a_success_ends_the_count()
    {
        Assert.Null(_builds.Observe(null, Given.Instance("a", 1)));
        var failed = Given.Instance("a", 1, failure: Given.Failure(1));
        Assert.Equal("a", _builds.Observe(Given.Instance("a", 1), failed));
        Assert.Null(_builds.Observe(failed, failed));
        Assert.Equal("a", _builds.Observe(null, Given.Instance("a", 4, failure: Given.Failure(4))));
        Assert.Equal((2, 0), (_builds.FailedOn("a"), _builds.FailedOn("b")));

        var started = Given.Instance("a", 5, status: new InstanceStatus { StartedAt = DateTimeOffset.UnixEpoch });
        Assert.Equal("a", _builds.Observe(Given.Instance("a", 5), started));
        Assert.Null(_builds.Observe(started, started));
        Assert.Equal(0, _builds.FailedOn("a"));
    }

    [Fact]
    public void A_host_that_is_gone_is_forgotten()
    {
        _builds.Observe(null, Given.Instance("a", 1, failure: Given.Failure(1)));
        _builds.Forget("a");
        Assert.Equal(0, _builds.FailedOn("a"));
    }
}

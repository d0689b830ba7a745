namespace Kilonova.Integration.Cluster;

/// <summary>
/// What the tests of a class share. Where there cannot be such a cluster, each of the tests is skipped with the reason: a fixture cannot skip, so
/// what it offers does when it is asked for.
/// </summary>
public abstract class ClusterFixture(ClusterShape shape) : IAsyncLifetime
{
    private TestCluster? cluster;
    private string absent = "";

    /// <summary>The cluster; skips the test that asks when there is none.</summary>
    public TestCluster Cluster => Made(cluster);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (cluster, absent) = await TestCluster.TryStartAsync(shape);
        if (cluster is not null)
            await PrepareAsync();
    }

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (cluster is not null)
            await cluster.DisposeAsync();
    }

    /// <summary>Makes what the tests need in the cluster that has started.</summary>
    protected abstract Task PrepareAsync();

    /// <summary>What <see cref="PrepareAsync"/> has made; skips the test that asks when there is no cluster.</summary>
    protected T Made<T>(T? value)
        where T : class
    {
        Assert.SkipWhen(cluster is null, absent);
        return value ?? throw new InvalidOperationException($"{typeof(T).Name} is not made yet");
    }
}

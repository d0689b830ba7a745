using System.Text.Json;
using System.Text.Json.Nodes;
using Kilonova.Crds.Meta;
using Kilonova.Kubernetes.Client;
using Kilonova.Kubernetes.Controllers;
using Kilonova.Kubernetes.Core;
using Kilonova.Kubernetes.Tests.Support;

namespace Kilonova.Kubernetes.Tests.RealServer;

/// <summary>What each write guarantees, asked of a real API server.</summary>
public sealed class WriteTests(ControlPlane plane)
{
    private static async Task<KubernetesException> RefusedAsync(Func<Task> write) => await Assert.ThrowsAsync<KubernetesException>(write);

    [Fact]
    public async Task Update_of_an_older_version_conflicts()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        var second = await widgets.UpdateAsync(first with { Spec = first.Spec with { Color = "blue" } });

        var error = await RefusedAsync(() => widgets.UpdateAsync(first with { Spec = first.Spec with { Color = "green" } }));

        Assert.True(error.IsConflict, error.ToString());
        Assert.True(error.IsGuardFailure);
        Assert.Equal("blue", (await widgets.GetAsync(NamespacedName.Of(first)))!.Spec.Color);
        Assert.NotEqual(first.Metadata.ResourceVersion, second.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task Update_of_a_recreated_object_is_a_guard_failure()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        Assert.Equal(DeleteOutcome.Gone, await widgets.DeleteAsync(first));
        var second = await widgets.CreateAsync(Widget.Named(first.Metadata.Namespace!, "a"));

        var mixed = second with { Metadata = second.Metadata with { Uid = first.Metadata.Uid } };
        Assert.True((await RefusedAsync(() => widgets.UpdateAsync(mixed))).IsGuardFailure);
        Assert.True((await RefusedAsync(() => widgets.UpdateStatusAsync(mixed with { Status = new() { Phase = "x" } }))).IsGuardFailure);
        Assert.True((await RefusedAsync(() => widgets.UpdateAsync(first))).IsGuardFailure);
        Assert.Null(await widgets.ReloadAsync(first));
    }

    [Fact]
    public async Task Update_of_a_deleted_object_is_a_guard_failure()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        await widgets.DeleteAsync(first);

        var error = await RefusedAsync(() => widgets.UpdateAsync(first));

        Assert.True(error.IsGuardFailure, error.ToString());
        Assert.Null(await widgets.GetAsync(NamespacedName.Of(first)));
    }

    [Fact]
    public async Task Merge_patch_holds_its_guard()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        var key = NamespacedName.Of(first);
        var patch = new JsonObject { ["status"] = new JsonObject { ["phase"] = "one" } };
        var second = await widgets.PatchMergeAsync(key, patch, Guard.On(first), "status");
        Assert.Equal("one", second.Status!.Phase);

        var old = await RefusedAsync(() => widgets.PatchMergeAsync(key, patch, Guard.On(first), "status"));
        Assert.True(old.IsConflict, old.ToString());

        // Whoever has the name now is another object.
        await widgets.DeleteAsync(second);
        await widgets.CreateAsync(Widget.Named(key.Namespace!, "a"));
        var other = await RefusedAsync(() => widgets.PatchMergeAsync(key, new JsonObject { ["spec"] = new JsonObject { ["color"] = "blue" } }, Guard.Identity(first)));
        Assert.True(other.IsGuardFailure, other.ToString());
        other = await RefusedAsync(() => widgets.PatchMergeAsync(key, patch, Guard.On(second), "status"));
        Assert.True(other.IsGuardFailure, other.ToString());
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.PatchMergeAsync(key, patch, Guard.Identity(first), "status"));
        Assert.Null((await widgets.GetAsync(key))!.Status);
        Assert.NotNull((await widgets.PatchMergeAsync(key, patch, Guard.None, "status")).Status);
    }

    [Fact]
    public async Task Changes_are_sent_as_a_patch_that_leaves_unknown_fields_alone()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var key = new NamespacedName(await ControlPlane.NamespaceAsync(client), "a");
        var read = await widgets.CreateAsync(Widget.Named(key.Namespace!, "a") with { Spec = new() { Color = "red", Parts = ["x"] } });
        read = await widgets.PatchMergeAsync(key, new JsonObject { ["spec"] = new JsonObject { ["shape"] = "round" } }, Guard.On(read));
        Assert.Equal("round", read.Spec.Extensions!["shape"].GetString());

        var written = await widgets.PatchChangesAsync(read, read with { Spec = new() { Color = "blue", Extensions = read.Spec.Extensions } });

        Assert.Equal("blue", written.Spec.Color);
        Assert.Null(written.Spec.Parts);
        Assert.Equal("round", written.Spec.Extensions!["shape"].GetString());
        Assert.Same(written, await widgets.PatchChangesAsync(written, written));
        Assert.True((await RefusedAsync(() => widgets.PatchChangesAsync(read, read with { Spec = new() { Color = "green" } }))).IsConflict);
    }

    [Fact]
    public async Task Delete_with_another_uid_or_version_conflicts()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        var second = await widgets.UpdateAsync(first with { Spec = new() { Color = "blue" } });
        var key = NamespacedName.Of(first);

        Assert.True((await RefusedAsync(() => widgets.DeleteAsync(key, Guid.NewGuid().ToString()))).IsConflict);
        Assert.True((await RefusedAsync(() => widgets.DeleteAsync(first, onlyThisVersion: true))).IsConflict);
        Assert.NotNull(await widgets.GetAsync(key));

        Assert.Equal(DeleteOutcome.Gone, await widgets.DeleteAsync(second, onlyThisVersion: true));
        Assert.Equal(DeleteOutcome.NotFound, await widgets.DeleteAsync(second));
    }

    [Fact]
    public async Task Finalizers_hold_a_deleted_object_until_the_last_is_removed()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var first = await widgets.CreateAsync(Widget.Named(await ControlPlane.NamespaceAsync(client), "a"));
        var held = await Finalizers.AddAsync(widgets, first, "test.kilonova.dev/one");
        // From an outdated copy: read again, nothing lost.
        held = await Finalizers.AddAsync(widgets, first, "test.kilonova.dev/two");
        Assert.Equal(["test.kilonova.dev/one", "test.kilonova.dev/two"], held!.Metadata.Finalizers!);
        Assert.Same(held, await Finalizers.AddAsync(widgets, held, "test.kilonova.dev/two"));

        Assert.Equal(DeleteOutcome.Terminating, await widgets.DeleteAsync(held));
        var terminating = await widgets.GetAsync(NamespacedName.Of(first));
        Assert.NotNull(terminating!.Metadata.DeletionTimestamp);
        Assert.Null(await Finalizers.AddAsync(widgets, terminating, "test.kilonova.dev/three"));

        Assert.NotNull(await Finalizers.RemoveAsync(widgets, terminating, "test.kilonova.dev/one"));
        Assert.NotNull(await widgets.GetAsync(NamespacedName.Of(first)));
        Assert.NotNull(await Finalizers.RemoveAsync(widgets, terminating, "test.kilonova.dev/two"));
        Assert.Null(await widgets.GetAsync(NamespacedName.Of(first)));
        Assert.Null(await Finalizers.RemoveAsync(widgets, terminating, "test.kilonova.dev/two"));
    }

    [Fact]
    public async Task Apply_to_an_existing_object_does_not_make_a_deleted_one_anew()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var created = await widgets.ApplyAsync(Widget.Named(ns, "a"), ApplyTarget.CreateOrUpdate);
        var fields = Widget.Named(ns, "a", "blue");
        fields = fields with { Metadata = fields.Metadata with { Uid = created.Metadata.Uid } };
        Assert.Equal("blue", (await widgets.ApplyAsync(fields, ApplyTarget.Existing)).Spec.Color);
        await widgets.DeleteAsync(created);

        var gone = await RefusedAsync(() => widgets.ApplyAsync(fields, ApplyTarget.Existing));
        Assert.True(gone.IsGuardFailure, gone.ToString());
        Assert.True((await RefusedAsync(() => widgets.ApplyStatusAsync(fields with { Status = new() { Phase = "x" } }, Guard.None))).IsGuardFailure);
        Assert.Null(await widgets.GetAsync(NamespacedName.Of(created)));

        var other = await widgets.CreateAsync(Widget.Named(ns, "a"));
        var wrong = await RefusedAsync(() => widgets.ApplyAsync(fields, ApplyTarget.Existing, force: true));
        Assert.True(wrong.IsGuardFailure, wrong.ToString());
        wrong = await RefusedAsync(() => widgets.ApplyStatusAsync(fields with { Status = new() { Phase = "x" } }, Guard.On(created), force: true));
        Assert.True(wrong.IsGuardFailure, wrong.ToString());
        Assert.Equal(other.Metadata.ResourceVersion, (await widgets.GetAsync(NamespacedName.Of(other)))!.Metadata.ResourceVersion);
    }

    [Fact]
    public async Task Apply_conflicts_with_another_owner_unless_forced_and_owns_only_what_it_says()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var created = await widgets.ApplyAsync(Widget.Named(ns, "a"), ApplyTarget.CreateOrUpdate, "one");
        var status = Widget.Named(ns, "a") with { Status = new() { Phase = "Ready" } };

        var written = await widgets.ApplyStatusAsync(status, Guard.On(created), "two");
        Assert.Equal("Ready", written.Status!.Phase);

        var conflict = await RefusedAsync(() => widgets.ApplyAsync(Widget.Named(ns, "a", "blue"), ApplyTarget.CreateOrUpdate, "three"));
        Assert.True(conflict.IsConflict, conflict.ToString());
        Assert.Contains(conflict.Status.Details!.Causes!, c => c.Field == ".spec.color");
        Assert.Equal("blue", (await widgets.ApplyAsync(Widget.Named(ns, "a", "blue"), ApplyTarget.CreateOrUpdate, "three", force: true)).Spec.Color);
    }

    [Fact]
    public async Task Writes_that_do_not_name_their_object_are_refused_before_they_are_sent()
    {
        using var client = await plane.ClientAsync();
        var widgets = client.Resource(Widget.Type);
        var fresh = Widget.Named("ns", "a");
        var known = fresh with { Metadata = fresh.Metadata with { Uid = "u", ResourceVersion = "1" } };

        await Assert.ThrowsAsync<ArgumentException>(() => widgets.UpdateAsync(fresh));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.UpdateAsync(known with { Metadata = known.Metadata with { ResourceVersion = null } }));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.UpdateStatusAsync(known with { Metadata = known.Metadata with { Uid = null } }));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.DeleteAsync(fresh));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.DeleteAsync(NamespacedName.Of(fresh), ""));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ApplyAsync(fresh, ApplyTarget.Existing));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ApplyAsync(known with { Metadata = known.Metadata with { ResourceVersion = null } }, ApplyTarget.CreateOrUpdate));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ApplyAsync(known, ApplyTarget.Existing));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ApplyStatusAsync(fresh, Guard.Identity(known)));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.GetAsync(new NamespacedName("a")));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.ListAsync(WatchScope.Cluster));
        await Assert.ThrowsAsync<ArgumentException>(() => widgets.WatchAsync(WatchScope.Named("a"), "1"));
        await Assert.ThrowsAsync<ArgumentException>(() => client.Resource(CoreResources.Nodes).ListAsync(WatchScope.InNamespace("a")));
    }

    [Fact]
    public async Task Refusals_carry_reason_and_causes()
    {
        using var client = await plane.ClientAsync();
        var widgets = await ControlPlane.WidgetsAsync(client);
        var ns = await ControlPlane.NamespaceAsync(client);
        var widget = await widgets.CreateAsync(Widget.Named(ns, "a"));

        Assert.True((await RefusedAsync(() => widgets.CreateAsync(Widget.Named(ns, "a")))).IsAlreadyExists);
        var invalid = await RefusedAsync(() => widgets.PatchMergeAsync(NamespacedName.Of(widget), new JsonObject { ["spec"] = new JsonObject { ["size"] = 11 } }, Guard.None));
        Assert.True(invalid.IsInvalid, invalid.ToString());
        Assert.Contains(invalid.Status.Details!.Causes!, c => c.Field == "spec.size");
        var missing = await RefusedAsync(() => widgets.CreateAsync(Widget.Named("no-such-namespace", "a")));
        Assert.True(missing.IsNotFound && !missing.IsObjectAbsent, missing.ToString());
        var version = await client.GetVersionAsync();
        Assert.StartsWith("v1.", version.GitVersion, StringComparison.Ordinal);
        await client.CheckReadyAsync();
    }

    [Fact]
    public async Task Built_in_kinds_survive_the_round_trip()
    {
        using var client = await plane.ClientAsync();
        var ns = await ControlPlane.NamespaceAsync(client);
        var secrets = client.Resource(CoreResources.Secrets);
        var secret = await secrets.CreateAsync(new Secret { Metadata = new() { Namespace = ns, Name = "s" }, Data = new Dictionary<string, byte[]> { ["k"] = [0, 255, 10], ["t"] = "text"u8.ToArray() } });
        Assert.Equal([0, 255, 10], secret.Data!["k"]);
        Assert.Equal("text", secret.Text("t"));
        Assert.DoesNotContain("text", secret.ToString(), StringComparison.Ordinal);

        var leases = client.Resource(CoreResources.Leases);
        var at = new DateTimeOffset(2025, 1, 2, 3, 4, 5, TimeSpan.Zero).AddTicks(1234560);
        var lease = await leases.CreateAsync(new Lease { Metadata = new() { Namespace = ns, Name = "l" }, Spec = new() { HolderIdentity = "me", LeaseDurationSeconds = 15, RenewTime = at } });
        Assert.Equal(at, lease.Spec!.RenewTime);
        lease = (await leases.ListAsync(WatchScope.Named(ns, "l"))).Items.Single();
        // Servers leave kind and apiVersion out of the items of such lists.
        Assert.Equal("Lease", lease.Kind);
        Assert.Equal("me", (await leases.UpdateAsync(lease)).Spec!.HolderIdentity);

        var nodes = client.Resource(CoreResources.Nodes);
        var node = await nodes.CreateAsync(new Node { Metadata = new() { Name = $"n-{ns}" }, Spec = new() { Unschedulable = true } });
        Assert.True((await nodes.GetAsync(new NamespacedName(node.Metadata.Name!)))!.Spec!.Unschedulable);
        Assert.Equal(DeleteOutcome.Gone, await nodes.DeleteAsync(node));
    }
}
